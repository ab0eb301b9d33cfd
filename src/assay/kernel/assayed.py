"""Answers that claim something, and the verdict and evidence without which `call` does not let them out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import Enum, StrEnum
from functools import cache
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, model_validator

from assay.kernel.values import Value


class Verdict(StrEnum):
    """How far a claim was checked."""

    ASSAYED = "assayed"
    """Every check of the claim passed."""
    ESTIMATE = "estimate"
    """Modelled or incomplete; `missing` names what would complete it."""
    WITHHELD = "withheld"
    """A check failed."""
    STALE = "stale"
    """The evidence is too old."""
    FAILED = "failed"
    """A check could not run."""


class Assayed(Value):
    """A claim with its verdict and the ledger's references to the checks that ran."""

    verdict: Verdict
    evidence: tuple[str, ...] = ()
    """Ledger ids, e.g. "E-20418"."""
    missing: tuple[str, ...] = ()
    """What is not known or not measured, in words; never empty for an estimate."""

    @model_validator(mode="after")
    def _honest(self) -> Assayed:
        if self.verdict is Verdict.ASSAYED and not self.evidence:
            raise ValueError("an assayed claim cites at least one piece of evidence")
        if self.verdict is Verdict.ESTIMATE and not self.missing:
            raise ValueError("an estimate names what is missing")
        return self


def claims(answer: object) -> Iterator[Assayed]:
    """Yield every claim in an answer, however deep it is nested."""
    if isinstance(answer, Assayed):
        yield answer
    if isinstance(answer, BaseModel):
        for name in _holding(type(answer)):
            yield from claims(getattr(answer, name))
    elif isinstance(answer, dict):
        for value in answer.values():  # pyright: ignore[reportUnknownVariableType]
            yield from claims(value)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(answer, list | tuple | set | frozenset):
        for value in answer:  # pyright: ignore[reportUnknownVariableType]
            yield from claims(value)  # pyright: ignore[reportUnknownArgumentType]


_PLAIN = (str, int, float, bytes, datetime, Enum, type(None))


@cache
def _holding(kind: type[BaseModel]) -> tuple[str, ...]:
    """The fields of a noun in which a claim may be: an answer of a million cells is not looked through cell by cell."""
    return tuple(name for name, field in kind.model_fields.items() if _may_hold(field.annotation, set()))


def _may_hold(kind: Any, seen: set[Any]) -> bool:
    """Whether a value of a type may be a claim or hold one; what the type does not say, it may."""
    if get_origin(kind) is Literal:
        return False
    if arguments := get_args(kind):
        return any(_may_hold(one, seen) for one in arguments if one is not Ellipsis)
    if not isinstance(kind, type) or not issubclass(kind, BaseModel):
        return not (isinstance(kind, type) and issubclass(kind, _PLAIN))
    if kind in seen:
        return False
    seen.add(kind)
    if issubclass(kind, Assayed):
        return True
    inside = (field.annotation for field in kind.model_fields.values())
    return any(_may_hold(one, seen) for one in (*inside, *kind.__subclasses__()))

"""An answer that claims something carries a verdict and evidence, or there is no such operation."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from assay.ask.model import RecheckedSql
from assay.evidence.model import Evidence
from assay.kernel.assayed import Assayed
from assay.kernel.catalogue import Catalogue
from assay.kernel.context import Context
from assay.kernel.jobs import Job
from assay.kernel.operation import Get, operation
from assay.kernel.own import HOUSE, JOBS
from assay.kernel.values import Empty, Value
from assay.main import ROOMS
from assay.plugins.model import FileProblem
from assay.workload.model import Rechecked

CATALOGUE = Catalogue([*ROOMS, JOBS, HOUSE])

CLAIM_LIKE = {
    "confidence", "rationale", "improvement_pct", "risk", "verdict", "cause", "suggestion", "advice", "impact", "gain",
    "diagnosis", "root_cause", "severity", "explanation", "score", "prediction", "evidence",
}  # fmt: skip
"""Names of fields by which an answer says more than it has read off."""

FACTS: set[type[BaseModel]] = {Evidence, FileProblem, Job, Rechecked, RecheckedSql}
"""What looks like a claim and is a record of our own: evidence, checks run again, a job that holds another answer, what
stands wrong in a file of the person's own."""


def models_in(kind: Any, inside: tuple[type[BaseModel], ...] = ()) -> Iterator[tuple[type[BaseModel], bool]]:
    """Every model in a type, with whether it, or one around it, is Assayed."""
    for argument in typing.get_args(kind):
        yield from models_in(argument, inside)
    if not isinstance(kind, type) or isinstance(kind, types.GenericAlias) or not issubclass(kind, BaseModel):
        return
    if kind in inside:
        return
    around = (*inside, kind)
    yield kind, any(issubclass(one, Assayed) for one in around)
    for field in kind.model_fields.values():
        yield from models_in(field.annotation, around)


def _is_claim(kind: Any) -> bool:
    members = typing.get_args(kind) or (kind,)
    return any(isinstance(one, type) and issubclass(one, Assayed) for one in members if isinstance(one, type))


def silent_claims(catalogue: Catalogue) -> list[str]:
    """Answers with a claim-like field and nothing that vouches for it."""
    found = []
    for one in catalogue:
        for model, vouched in models_in(one.answers):
            fields = {name: _is_claim(field.annotation) for name, field in model.model_fields.items()}
            named = {name for name, claim in fields.items() if name in CLAIM_LIKE and not claim}
            repeats = any(fields.values())  # a claim lies beside it: the field repeats one of its figures
            if named and not vouched and not repeats and model not in FACTS:
                found.append(f"{one.name}: {model.__name__}.{', '.join(sorted(named))}")
    return found


def test_no_operation_claims_without_evidence() -> None:
    assert silent_claims(CATALOGUE) == []


def test_there_are_claims_at_all() -> None:
    claiming = {one.name for one in CATALOGUE for model, _ in models_in(one.answers) if issubclass(model, Assayed)}
    assert {"workload.advise", "workload.recommendations", "workload.simulate", "workload.bottlenecks"} <= claiming


def test_a_verdict_has_one_name_and_one_type_everywhere() -> None:
    for one in CATALOGUE:
        for model, _ in models_in(one.answers):
            if issubclass(model, Assayed):
                assert model.model_fields["verdict"].annotation is Assayed.model_fields["verdict"].annotation


class Guess(Value):
    """An answer that says more than it knows."""

    confidence: float


class Guesses(Value):
    """Guesses, deep inside."""

    by_name: dict[str, tuple[Guess | None, ...]]


def test_a_claim_that_hides_deep_in_an_answer_is_found() -> None:
    async def guess(asked: Empty, ctx: Context) -> Guesses:
        """Guess."""
        return Guesses(by_name={})

    made = operation("guesses.guess", effect="read", needs=None, http=Get("/guess"))(guess)
    assert {model for model, vouched in models_in(made.answers) if not vouched} == {Guesses, Guess}


@pytest.mark.parametrize("room", CATALOGUE.capabilities, ids=lambda room: room.name)
def test_a_room_uses_nobody_who_uses_it(room: Any) -> None:
    uses = {one.name: {name.partition(".")[0] for name in one.uses} - {one.name} for one in CATALOGUE.capabilities}
    seen, ahead = set[str](), set(uses[room.name])
    while ahead:
        name = ahead.pop()
        assert name != room.name, f"{room.name} is in a ring of uses: {uses}"
        seen.add(name)
        ahead |= uses[name] - seen


def test_every_table_of_ours_is_swept_or_says_why_not() -> None:
    kept_for_good = {
        "schedules": "one row a schedule",
        "jobs": "swept when ended",
        "sources": "a person removes them",
        "model_keys": "one row a provider, which a person removes",
        "evidence_entries": "the chain is kept; contents expire (evidence.expire)",
        "evidence_payloads": "expire by evidence.expire",
        "evidence_checkpoints": "part of the chain",
        "evidence_writers": "at most sixteen rows",
    }
    for room in CATALOGUE.capabilities:
        swept = {rule.table.name for rule in room.retention}
        forgotten = {"workload.forget", "sources.remove"} <= {one.name for one in CATALOGUE}
        for table in room.tables:
            by_source = room.name == "workload" and forgotten and "source" in table.c
            assert table.name in swept or table.name in kept_for_good or by_source, f"{table.name} grows for ever"

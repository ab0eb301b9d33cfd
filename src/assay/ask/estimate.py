"""What may be claimed of SQL that no database has planned: how sure it is at most, and what was not checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assay.ask.model import Alternative
from assay.ask.respond import Response

_UNPLANNED = (
    "a plan: no database was asked whether it takes this SQL, and what that costs",
    "values: words of the question were not looked up in any column",
)


@dataclass(frozen=True, slots=True)
class Basis:
    """What an estimate rests on."""

    claim: str
    missing: tuple[str, ...]
    most: float
    """As sure as it may be."""
    warnings: tuple[str, ...] = ()

    def bound(self, found: Response, *more: str) -> Response:
        """What was found, no surer than it may be, with the warnings that it needs and more; nothing is as it was."""
        if found.best is None:
            return found
        return replace(
            found,
            confidence=min(found.confidence, self.most),
            alternatives=self._bound(found.alternatives),
            warnings=(*self.warnings, *more, *found.warnings),
        )

    def threshold(self, asked: float | None, usual: float) -> float:
        """Below which confidence an estimate is refused, where a question asks for so much, or for nothing.

        The usual threshold is meant for SQL that a database has planned. Up to the most that is possible without one
        (`TOLD.most`) it lets estimates pass that are as sure as such can be; above, it wants none.
        """
        if asked is not None:
            return asked
        return usual if usual > TOLD.most else min(usual, self.most)

    def _bound(self, others: Sequence[Alternative]) -> tuple[Alternative, ...]:
        return tuple(one.model_copy(update={"confidence": min(one.confidence, self.most)}) for one in others)


TOLD = Basis("This SQL fits the schema that was told.", _UNPLANNED, most=0.7)
UNTOLD = Basis(
    "This SQL is one reading statement of allowed parts; no schema was known to bind its names to.",
    ("a schema: no table or column that this SQL names was looked up anywhere", *_UNPLANNED),
    most=0.5,
    warnings=(
        "no schema: a language model guessed the tables and columns of this SQL; read it before you rely on it.",
    ),
)

"""Answers one question about one database: readings are ranked, and only what passed every check comes back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from assay.ask.calibrate import Calibration
from assay.ask.cautions import cautions
from assay.ask.consult import Consultation
from assay.ask.describe import clauses, sentence
from assay.ask.engine.answer import Candidate, Engine, Reading
from assay.ask.examine import Examined
from assay.ask.graph import Graph
from assay.ask.model import Alternative, Clause, Rows
from assay.ask.render import tree
from assay.ports.databases import Reader

TRIED = 12
"""Readings that are put through the checks, best first, until enough have passed."""


@dataclass(frozen=True, slots=True)
class Response:
    """What came of a question."""

    best: Examined | None
    """None: no reading passed."""
    confidence: float = 0.0
    public: float | None = None
    """The chance before this database's own curve; None where the best reading did not pass."""
    explanation: tuple[Clause, ...] = ()
    warnings: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    not_understood: tuple[str, ...] = ()
    """Words of the question that no part of the answer stands for."""
    took_ms: float = 0.0


def respond(
    session: Reader | None,
    engine: Engine,
    graph: Graph,
    calibration: Calibration,
    question: str,
    *,
    alternatives: int,
    cap: int,
    consult: bool,
) -> Response:
    """Read a question, check the readings with the live database, and keep the first that passes.

    Args:
        session: None where only the schema is known.
        consult: run the cheap ones among the first readings, and rank them by what they return.

    Raises Unavailable when the database is gone.
    """
    began = time.perf_counter()
    bench = Consultation(session, graph, cap)
    reading = engine.answer(question, bench.rows if consult else None)
    likely = zip(reading.candidates[:TRIED], calibration.chances(reading), strict=False)
    passed = _passed(bench, likely, alternatives + 1)
    took = (time.perf_counter() - began) * 1e3
    if not passed:
        return Response(None, not_understood=_unread(reading), took_ms=took)
    (best, examined, chance), *rest = passed.values()
    return Response(
        best=examined,
        confidence=round(chance, 4),
        public=calibration.public(reading) if best is reading.candidates[0] else None,
        explanation=clauses(best, graph, tree(best.query, graph)),
        warnings=(*(issue.message for issue in examined.issues), *cautions(best.query, graph)),
        alternatives=_others(rest, graph),
        not_understood=_unread(reading),
        took_ms=took,
    )


def _passed(
    bench: Consultation, likely: Iterator[tuple[Candidate, float]], wanted: int
) -> dict[str, tuple[Candidate, Examined, float]]:
    """The first readings that pass every check, by their text; as many as are still wanted are checked together."""
    passed: dict[str, tuple[Candidate, Examined, float]] = {}
    while batch := list(islice(likely, wanted - len(passed))):
        for (one, chance), seen in zip(batch, bench.examined(one.query for one, _ in batch), strict=True):
            if seen is not None and seen[1].passed:
                passed.setdefault(seen[0], (one, seen[1], chance))
    return passed


def run(session: Reader, sql: str, at_most: int) -> Rows:
    """Run what passed, in a read-only transaction."""
    began = time.perf_counter()
    grid = session.read(sql, at_most)
    took = (time.perf_counter() - began) * 1e3
    return Rows(columns=grid.columns, types=grid.types, rows=grid.rows, more=grid.more, took_ms=round(took, 3))


def _others(rest: Sequence[tuple[Candidate, Examined, float]], graph: Graph) -> tuple[Alternative, ...]:
    return tuple(
        Alternative(sql=examined.sql or "", says=sentence(one.query, graph), confidence=round(chance, 4))
        for one, examined, chance in rest
    )


def _unread(reading: Reading) -> tuple[str, ...]:
    """Capitalised or quoted phrases that no value of the database was found for."""
    spans = reading.candidates[0].links.spans if reading.candidates else ()
    return tuple(span.text for span in spans if span.number is None and not span.found)

"""Readings are written as the guard would write them, so that it looks at each of them once."""

from __future__ import annotations

from typing import cast

import pytest

from ask.shop_graph import graph, renamed
from assay.ask.consult import Consultation
from assay.ask.engine.answer import Engine
from assay.ask.engine.rank import load
from assay.ask.engine.values import ValueIndex
from assay.ask.graph import Dialect
from assay.ask.guard.check import guard
from assay.ask.guard.model import Rejected
from assay.ports.databases import Reader

QUESTIONS = (
    "how many staff are there", "the names of the three places with the largest size", "orders without any lines",
    "average pay of the staff of each place", "names of staff who earn more than 5 or less than 2",
)  # fmt: skip
NOWHERE = cast("Reader", None)


@pytest.mark.parametrize("dialect", ["postgres", "mysql", "sqlite"])
def test_the_guard_gives_a_reading_back_as_it_is_with_its_rows_capped(dialect: Dialect) -> None:
    known = renamed("postgres", "My Shop") if dialect == "postgres" else graph(dialect)
    engine, bench = Engine(known, ValueIndex({}), load()), Consultation(NOWHERE, known, 1_000)
    readings = [one.query for question in QUESTIONS for one in engine.answer(question).candidates[:12]]
    texts = [seen[0] for seen in bench.examined(readings) if seen is not None]
    passed = []
    for text in texts:
        try:
            passed.append((text, guard(text, known, cap=1_000).sql))
        except Rejected:
            continue
    assert len(passed) > len(QUESTIONS)
    assert [text for text, _ in passed] == [written for _, written in passed]
    assert all(" LIMIT " in text for text, _ in passed)

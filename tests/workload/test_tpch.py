"""The 22 queries of TPC-H, as written and as pg_stat_statements shows them: every one bound, planned and judged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from assay.adapters.databases.postgres import PostgresDatabases
from assay.ports.databases import Session
from assay.ports.secret import Secret
from assay.sources.introspect import read_schema
from assay.sources.model import Schema
from assay.workload.facts import StatementFacts
from assay.workload.judging import Judge
from assay.workload.rules.draft import Ran
from assay.workload.snapshots import read_statements
from assay.workload.statement import facts, fingerprint, layout, tokens
from assay_lab.server import Server
from workload.conftest import run

HERE = Path(__file__).parents[2] / "benchmarks" / "tpch"
TEXTS = {path.stem: path.read_text() for path in sorted(HERE.glob("q*.sql"))}
JOINED = {
    "q01": 0, "q02": 4, "q03": 2, "q04": 1, "q05": 6, "q06": 0, "q07": 5, "q08": 7, "q09": 6, "q10": 3, "q11": 2,
    "q12": 1, "q13": 1, "q14": 1, "q15": 1, "q16": 2, "q17": 1, "q18": 2, "q19": 1, "q20": 5, "q21": 5, "q22": 1,
}  # fmt: skip
"""Different pairs of columns that are joined by equality, counted by hand."""
RAN = Ran(calls=10, total_ms=1_000, rows=10, blocks=0, temp_written=0, share=0.2)


@pytest.fixture(scope="module")
def normalised(postgres: Server, visits: PostgresDatabases) -> Iterator[tuple[Session, Schema, dict[str, str]]]:
    """A session on the empty tables of TPC-H, their schema, and the server's own texts by fingerprint."""
    dsn = postgres.create_database()
    run(dsn, (HERE / "schema.sql").read_text(), (HERE / "keys.sql").read_text())
    with psycopg.connect(dsn, autocommit=True) as connection:
        for text in TEXTS.values():
            connection.execute(text)  # pyright: ignore[reportArgumentType, reportCallIssue]
    with visits.session(Secret(dsn)) as session:
        texts = {fingerprint(entry.text): entry.text for entry in read_statements(session).entries}
        yield session, read_schema(session, "tpch"), texts


def joined(found: StatementFacts) -> int:
    return len({
        frozenset({(p.alias, p.key.text), (p.other_alias, p.other.text)})
        for p in found.predicates if p.kind == "join" and p.other is not None
    })  # fmt: skip


def test_there_are_22() -> None:
    assert list(TEXTS) == [f"q{number:02}" for number in range(1, 23)]


@pytest.mark.parametrize("name", list(TEXTS))
def test_a_query_is_bound_planned_and_judged_as_written_and_normalised(
    name: str, normalised: tuple[Session, Schema, dict[str, str]]
) -> None:
    session, schema, texts = normalised
    shown = texts[fingerprint(TEXTS[name])]
    assert "$1" in shown
    for text in (TEXTS[name], shown):
        found = facts(text, schema)
        assert found.unbound == ()
        assert joined(found) == JOINED[name], name
        _, judged = Judge(session, schema).judge(fingerprint(text), text, RAN)
        assert judged.error is None
        assert judged.plan is not None
        assert all(sample.before > 0 or judged.plan.cost == 0 for sample in judged.samples)
        assert [t.name for t in tokens(layout(text).text)] == [t.name for t in tokens(text)]


def test_the_correlated_sub_selects_of_2_17_and_20_are_seen(
    normalised: tuple[Session, Schema, dict[str, str]],
) -> None:
    _, schema, _ = normalised
    places = {name: {c.place for c in facts(text, schema).correlated} for name, text in TEXTS.items()}
    assert {name for name, found in places.items() if "where" in found} == {"q02", "q17", "q20"}
    assert {name for name, found in places.items() if "exists" in found} == {"q04", "q21", "q22"}

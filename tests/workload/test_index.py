"""An index is named, written and compared so that PostgreSQL agrees, whatever its columns are called."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.adapters.databases.postgres import PostgresDatabases
from assay.ports.secret import Secret
from assay.sources.introspect import read_schema
from assay.workload.index import NAME_BYTES, IndexDraft, IndexKey, draft_of, exists_already, index_name
from assay.workload.statements.writer import quoted

names = st.text(min_size=1, max_size=30).filter(lambda name: "\0" not in name)


def draft(*columns: str, table: str = "t", include: tuple[str, ...] = ()) -> IndexDraft:
    return IndexDraft("public", table, tuple(IndexKey(quoted(c), c) for c in columns), include)


@given(st.lists(names, min_size=1, max_size=5), names, st.integers(0, 3))
def test_a_name_fits_and_is_never_one_that_is_taken(columns: list[str], table: str, clashes: int) -> None:
    taken: set[str] = set()
    for _ in range(clashes + 1):
        name = index_name(draft(*columns, table=table), taken)
        assert 0 < len(name.encode()) <= NAME_BYTES and name not in taken
        taken.add(name)


@given(st.lists(names, min_size=1, max_size=3), names)
def test_the_same_index_gets_the_same_name_in_every_process(columns: list[str], table: str) -> None:
    one = draft(*columns, table=table)
    assert index_name(one, frozenset()) == index_name(draft(*columns, table=table), frozenset())


def test_a_scan_in_the_other_direction_is_the_same_work() -> None:
    up, down = IndexKey("a", "a"), IndexKey("a", "a", descending=True, nulls_first=True)
    other = IndexKey("b", "b", descending=True, nulls_first=True)
    assert IndexDraft("s", "t", (up,)).same_work() == IndexDraft("s", "t", (down,)).same_work()
    assert IndexDraft("s", "t", (up, other)).same_work() != IndexDraft("s", "t", (up, up)).same_work()


@pytest.mark.parametrize(
    ("built", "wanted", "found"),
    [
        ("(a)", ("a",), True),
        ("(a, b)", ("a",), True),
        ("(a DESC)", ("a",), True),
        ("(b, a)", ("a",), False),
        ("(a NULLS FIRST)", ("a",), False),
        ("(a) WHERE b = 'x'", ("a",), False),
        ("(a text_pattern_ops)", ("a",), False),
        ("USING hash (a)", ("a",), False),
        ('("Wert", a)', ("Wert", "a"), True),
    ],
)
def test_an_index_that_is_there_already_is_recognised(
    database: str, built: str, wanted: tuple[str, ...], found: bool
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute('CREATE TABLE t (a text, b text, "Wert" text)')
        connection.execute(f"CREATE INDEX ON t {built}")
    table = read(database).find("t")
    assert table is not None
    assert (exists_already(draft_of(table, wanted), table) is not None) is found


def test_an_expression_is_recognised_as_the_server_writes_it_back(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (a varchar(20), d jsonb)")
        connection.execute("CREATE INDEX ON t (lower(a))")
        connection.execute("CREATE INDEX ON t ((d ->> 'k'))")
    table = read(database).find("t")
    assert table is not None
    for text in ("lower(a)", "(d ->> 'k'::text)"):
        assert exists_already(IndexDraft("public", "t", (IndexKey(text),)), table) is not None


def read(dsn: str):
    with PostgresDatabases(keep=0).session(Secret(dsn)) as session:
        return read_schema(session, "s")

"""Of forty planted indexes the ten that are truly redundant are found, and none of those that only look so."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from assay.adapters.databases.postgres import PostgresDatabases
from assay.ports.secret import Secret
from assay.sources.introspect import read_schema
from assay.sources.model import Schema
from assay.workload.drops import drops, find_drops

TABLES = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE TABLE city (id int PRIMARY KEY, code text NOT NULL, name text);                                   -- 1 PK
CREATE TABLE person (
    id int PRIMARY KEY,                                                                                   -- 2 PK
    email text NOT NULL, city int REFERENCES city, born date, name text, note text, score numeric, tag int, "Wert" int,
    doc jsonb, during tstzrange,
    EXCLUDE USING gist (city WITH =, during WITH &&)                                                      -- 3 exclusion
);
CREATE TABLE log (id int NOT NULL, person int, at timestamptz, kind text, body text, a int, b int, c int);
ALTER TABLE log ADD CONSTRAINT log_person FOREIGN KEY (person) REFERENCES person (id);
INSERT INTO city SELECT i, 'c' || i, 'n' FROM generate_series(1, 200) i;
INSERT INTO person (id, email, city, born, name, score, tag, "Wert", during)
SELECT i, 'e' || i, NULL, date '1970-01-01' + i, 'n' || i % 50, i, i % 7, i % 11, NULL FROM generate_series(1, 3000) i;
INSERT INTO log SELECT i, 1 + i % 3000, now(), 'k' || i % 5, 'b', i % 3, i % 5, i % 7 FROM generate_series(1, 5000) i;
"""

INNOCENT = {
    "city_code_key": "CREATE UNIQUE INDEX city_code_key ON city (code)",
    "city_code_name": "CREATE INDEX city_code_name ON city (code, name)",
    "city_target": "CREATE UNIQUE INDEX city_target ON city (id, code)",
    "person_email_unique": "CREATE UNIQUE INDEX person_email_unique ON person (email)",
    "person_email_pattern": "CREATE INDEX person_email_pattern ON person (email text_pattern_ops)",
    "person_email_c": 'CREATE INDEX person_email_c ON person (email COLLATE "C")',
    "person_lower": "CREATE INDEX person_lower ON person (lower(email))",
    "person_upper": "CREATE INDEX person_upper ON person (upper(email))",
    "person_born": "CREATE INDEX person_born ON person (born) WHERE tag = 1",
    "person_born_2": "CREATE INDEX person_born_2 ON person (born) WHERE tag = 2",
    "person_born_name": "CREATE INDEX person_born_name ON person (born, name)",
    "person_city": "CREATE INDEX person_city ON person (city)",
    "person_score_nulls": "CREATE INDEX person_score_nulls ON person (score NULLS FIRST)",
    "person_score_tag": "CREATE INDEX person_score_tag ON person (score, tag)",
    "person_hash": "CREATE INDEX person_hash ON person USING hash (name)",
    "person_brin": "CREATE INDEX person_brin ON person USING brin (born)",
    "person_doc": "CREATE INDEX person_doc ON person USING gin (doc)",
    "person_doc_path": "CREATE INDEX person_doc_path ON person USING gin (doc jsonb_path_ops)",
    "person_wert_incl": 'CREATE INDEX person_wert_incl ON person ("Wert") INCLUDE (note)',
    "person_wert_tag": 'CREATE INDEX person_wert_tag ON person ("Wert", tag)',
    "log_replica": "CREATE UNIQUE INDEX log_replica ON log (id)",
    "log_id_at": "CREATE INDEX log_id_at ON log (id, at)",
    "log_person": "CREATE INDEX log_person_idx ON log (person)",
    "log_mixed": "CREATE INDEX log_mixed ON log (a, b DESC)",
    "log_ab": "CREATE INDEX log_ab ON log (a, b, c)",
    "log_ba": "CREATE INDEX log_ba ON log (b, a)",
    "log_c": "CREATE UNIQUE INDEX log_c ON log (c, id)",
}
"""With the three of the tables: thirty that must stay."""

REDUNDANT = {
    "r_prefix": "CREATE INDEX r_prefix ON log (a)",
    "r_prefix_two": "CREATE INDEX r_prefix_two ON log (a, b)",
    "r_reversed": "CREATE INDEX r_reversed ON log (a DESC, b DESC)",
    "r_backward": "CREATE INDEX r_backward ON log (b DESC)",
    "r_of_unique": "CREATE INDEX r_of_unique ON person (email)",
    "r_of_primary": "CREATE INDEX r_of_primary ON person (id)",
    "r_duplicate": "CREATE INDEX r_duplicate ON log (b, a)",
    "r_partial": "CREATE INDEX r_partial ON person (born) WHERE tag = 1",
    "r_expression": "CREATE INDEX r_expression ON person (lower(email))",
    "r_carried": 'CREATE INDEX r_carried ON person ("Wert") INCLUDE (tag)',
}
"""Each does nothing that another index does not do."""


@pytest.fixture
def planted(database: str) -> tuple[psycopg.Connection, str]:
    connection = psycopg.connect(database, autocommit=True)
    connection.execute(TABLES)
    for ddl in (*INNOCENT.values(), *REDUNDANT.values()):
        connection.execute(ddl)
    connection.execute("ALTER TABLE log REPLICA IDENTITY USING INDEX log_replica")
    connection.execute(
        "ALTER TABLE log ADD CONSTRAINT log_city FOREIGN KEY (id, kind) REFERENCES city (id, code) NOT VALID"
    )
    connection.execute("VACUUM ANALYZE")
    return connection, database


def schema_of(dsn: str) -> Schema:
    databases = PostgresDatabases()
    try:
        with databases.session(Secret(dsn)) as session:
            return read_schema(session, "s")
    finally:
        databases.close()


def test_forty_are_planted_and_only_the_ten_redundant_ones_are_found(planted: tuple[psycopg.Connection, str]) -> None:
    schema = schema_of(planted[1])
    assert sum(len(table.indexes) for table in schema.tables) == 40
    found = {drop.index.name for drop in find_drops(schema) if drop.why == "redundant"}
    assert found == set(REDUNDANT)


def test_every_redundant_index_can_be_dropped_and_none_covers_another_that_is_dropped(
    planted: tuple[psycopg.Connection, str],
) -> None:
    found = [drop for drop in find_drops(schema_of(planted[1])) if drop.why == "redundant"]
    gone = {drop.index.name for drop in found}
    assert all(drop.cover is not None and drop.cover.name not in gone for drop in found)
    for draft in drops(schema_of(planted[1]), server=server_of(planted[1])):
        if draft.type == "redundant_index":
            planted[0].execute(draft.ddl or "")


def test_an_unused_index_is_plain_and_nobodys_and_its_window_is_named(planted: tuple[psycopg.Connection, str]) -> None:
    connection, dsn = planted
    connection.execute("CREATE INDEX lonely ON log (at, body, kind)")
    connection.execute("SELECT count(*) FROM log")
    connection.execute("SELECT count(*) FROM person")
    connection.execute("SELECT pg_stat_force_next_flush()")
    found = {draft.index_name: draft for draft in drops(schema_of(dsn), server=server_of(dsn))}
    lonely = found["lonely"]
    assert (lonely.type, lonely.outcome) == ("unused_index", "estimate")
    assert any("replica" in word for word in lonely.missing) and "statistics" in lonely.rationale
    must_stay = {
        "log_person_idx",
        "person_city",
        "person_lower",
        "person_email_pattern",
        "person_email_c",
        "log_replica",
    }
    assert not must_stay & set(found)


@pytest.mark.parametrize(
    ("since", "rare", "never"),
    [
        (timedelta(days=12), "runs less often than once in 12 days,", "was never scanned in 12 days of statistics."),
        (timedelta(hours=3), "runs less often than once in 3 hours,", "was never scanned in 3 hours of statistics."),
        (
            timedelta(seconds=5),
            "runs less often than once in 1 minute,",
            "was never scanned in 1 minute of statistics.",
        ),
        (None, "last ran before statistics began,", "was never scanned in statistics of unknown length."),
    ],
)
def test_the_window_reads_well_whether_it_is_known_or_not(
    planted: tuple[psycopg.Connection, str], since: timedelta | None, rare: str, never: str
) -> None:
    connection, dsn = planted
    connection.execute("CREATE INDEX lonely ON log (at, body, kind)")
    connection.execute("SELECT count(*) FROM log")
    connection.execute("SELECT pg_stat_force_next_flush()")
    schema = schema_of(dsn)
    schema = schema.model_copy(update={"stats_since": schema.read_at - since if since else None})
    lonely = next(draft for draft in drops(schema, server=server_of(dsn)) if draft.index_name == "lonely")
    assert lonely.missing[1].startswith(f"Anything that {rare} such as a yearly report")
    assert never in lonely.rationale
    assert never.removeprefix("was never scanned ").rstrip(".") in {check.detail for check in lonely.checks}
    assert lonely.confidence_reason.startswith(never.replace("was never scanned", "no scan").rstrip(".") + ";")


def server_of(dsn: str):
    with PostgresDatabases(keep=0).session(Secret(dsn)) as session:
        return session.facts

"""What is read of a schema is what PostgreSQL itself says of it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from assay.sources.introspect import elements, read_schema
from assay.sources.model import Index, Schema, Table
from assay_lab.server import Server
from sources.conftest import Visit

STATEMENTS = r"""
CREATE SCHEMA "Sales ü";
CREATE TABLE "Sales ü"."Order" (
    "Id" bigint GENERATED ALWAYS AS IDENTITY, region text NOT NULL, "select" varchar(80), tags int[], gone int,
    happened timestamptz(3), at tstzrange, CONSTRAINT "Order pkey" PRIMARY KEY (region, "Id"));
ALTER TABLE "Sales ü"."Order" DROP COLUMN gone;
INSERT INTO "Sales ü"."Order" (region, "select", tags)
    SELECT (ARRAY['north', 'a,b', 'say "x"', E'back\\slash', ''])[i % 5 + 1], NULLIF(i % 7, 0)::text, ARRAY[i % 3, 1]
      FROM generate_series(1, 1000) i;
CREATE TABLE customers (id int PRIMARY KEY, email text UNIQUE, parent int REFERENCES customers ON DELETE CASCADE);
CREATE UNIQUE INDEX customers_target ON customers (id) INCLUDE (email);
CREATE TABLE visits (customer int CONSTRAINT visits_customer REFERENCES customers (id), region text, number bigint,
    room int, during tstzrange,
    CONSTRAINT visits_order FOREIGN KEY (region, number) REFERENCES "Sales ü"."Order" (region, "Id"),
    CONSTRAINT visits_apart EXCLUDE USING gist (during WITH &&));
CREATE UNIQUE INDEX visits_identity ON visits (customer);
ALTER TABLE visits ALTER customer SET NOT NULL;
ALTER TABLE visits REPLICA IDENTITY USING INDEX visits_identity;
CREATE INDEX odd ON "Sales ü"."Order"
    (lower("select") text_pattern_ops DESC NULLS LAST, region COLLATE "C" NULLS FIRST, "Id" DESC) INCLUDE (tags)
    WHERE "Id" > 10;
CREATE INDEX plain ON "Sales ü"."Order" (happened, (tags[1] + 1));
CREATE INDEX inside ON "Sales ü"."Order" USING gin (tags);
CREATE INDEX hashed ON customers USING hash (email);
CREATE TABLE measured (at date NOT NULL, value float8, customer int REFERENCES customers) PARTITION BY RANGE (at);
CREATE TABLE measured_old PARTITION OF measured FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE measured_new PARTITION OF measured FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
ALTER TABLE measured ADD PRIMARY KEY (at);
CREATE INDEX measured_value ON measured (value);
INSERT INTO measured SELECT date '2020-01-01' + i, i % 10 FROM generate_series(0, 700) i;
CREATE TABLE refers (at date REFERENCES measured);
CREATE MATERIALIZED VIEW summary AS SELECT region, count(*) FROM "Sales ü"."Order" GROUP BY region;
CREATE VIEW not_a_table AS SELECT 1;
CREATE TEMP TABLE temporary (x int);
CREATE UNLOGGED TABLE unlogged (x int);
CREATE TABLE empty ();
UPDATE customers SET email = 'x';
ANALYZE;
"""


@pytest.fixture(scope="module")
def dsn(postgres: Server) -> str:
    dsn = postgres.create_database()
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute(STATEMENTS)
    return dsn


@pytest.fixture(scope="module")
def schema(dsn: str, visit: Visit) -> Iterator[Schema]:
    with visit(dsn) as session:
        yield read_schema(session, "s_1")


def table(schema: Schema, name: str, of: str = "public") -> Table:
    found = schema.find(name, of)
    assert found is not None, name
    return found


def index(schema: Schema, name: str) -> Index:
    return next(index for table in schema.tables for index in table.indexes if index.name == name)


def test_every_table_is_there_with_its_kind_and_no_view_or_system_table(schema: Schema) -> None:
    assert {table.qualified: table.kind for table in schema.tables} == {
        "Sales ü.Order": "table",
        "public.customers": "table",
        "public.visits": "table",
        "public.measured": "partitioned",
        "public.measured_old": "partition",
        "public.measured_new": "partition",
        "public.refers": "table",
        "public.summary": "materialised",
        "public.unlogged": "table",
        "public.empty": "table",
    }
    assert schema.search_path == ("public",)
    assert schema.source == "s_1" and schema.read_at.tzinfo is not None


def test_columns_have_the_types_that_format_type_writes(schema: Schema) -> None:
    columns = {column.name: (column.type, column.nullable) for column in table(schema, "Order", "Sales ü").columns}
    assert columns == {
        "Id": ("bigint", False),
        "region": ("text", False),
        "select": ("character varying(80)", True),
        "tags": ("integer[]", True),
        "happened": ("timestamp(3) with time zone", True),
        "at": ("tstzrange", True),
    }
    assert list(columns) == ["Id", "region", "select", "tags", "happened", "at"]
    assert table(schema, "empty").columns == ()


def test_statistics_are_those_of_pg_stats(schema: Schema) -> None:
    columns = {column.name: column for column in table(schema, "Order", "Sales ü").columns}
    region = columns["region"]
    assert region.n_distinct == 5 and region.null_frac == 0 and region.avg_width
    assert set(region.common_values) == {"north", "a,b", 'say "x"', "back\\slash", ""}
    assert sum(region.common_freqs) == pytest.approx(1, abs=1e-4)
    assert columns["Id"].bounds[0] == "1" and columns["Id"].bounds[-1] == "1000" and columns["Id"].correlation
    assert columns["select"].null_frac == pytest.approx(142 / 1000, abs=0.001)
    assert set(columns["tags"].common_values) == {"{0,1}", "{1,1}", "{2,1}"}
    assert columns["happened"].n_distinct in (None, 0.0) and columns["happened"].common_values == ()


def test_a_partitioned_table_has_the_statistics_of_all_its_partitions(schema: Schema) -> None:
    at = table(schema, "measured").columns[0]
    assert (at.bounds[0], at.bounds[-1]) == ("2020-01-01", "2021-12-01")
    assert table(schema, "measured_new").columns[0].bounds[0] == "2021-01-01"


def test_sizes_and_counts_are_those_of_the_server(schema: Schema, dsn: str) -> None:
    order, customers = table(schema, "Order", "Sales ü"), table(schema, "customers")
    with psycopg.connect(dsn) as admin:
        sizes = 'SELECT pg_table_size(\'"Sales ü"."Order"\'), pg_relation_size(\'"Sales ü".odd\')'
        size = admin.execute(sizes).fetchone()
    assert size == (order.bytes, index(schema, "odd").bytes)
    assert order.rows == 1_000 and order.pages == 10 and order.analysed_at is not None
    assert table(schema, "unlogged").rows in (0, -1) and table(schema, "measured").bytes == 0
    assert customers.inserts == 0


def test_keys_name_their_columns_in_order(schema: Schema) -> None:
    assert table(schema, "Order", "Sales ü").primary_key == ("region", "Id")
    assert table(schema, "visits").primary_key == ()
    keys = {key.name: key for key in table(schema, "visits").foreign_keys}
    assert set(keys) == {"visits_customer", "visits_order"}
    order = keys["visits_order"]
    assert (order.columns, order.to_table, order.to_columns) == (
        ("region", "number"),
        "Sales ü.Order",
        ("region", "Id"),
    )
    assert [key.to_table for key in table(schema, "customers").foreign_keys] == ["public.customers"]
    assert [key.to_table for key in table(schema, "refers").foreign_keys] == ["public.measured"]
    assert [key.columns for key in table(schema, "measured_old").foreign_keys] == [("customer",)]


def test_an_index_is_read_as_it_was_written(schema: Schema) -> None:
    odd = index(schema, "odd")
    assert odd.keys == ('lower("select"::text)', "region", '"Id"')
    assert odd.descending == (True, False, True) and odd.nulls_first == (False, True, True)
    assert odd.include == ("tags",) and odd.predicate == '"Id" > 10' and odd.method == "btree"
    assert odd.opclasses == ("pg_catalog.text_pattern_ops", "pg_catalog.text_ops", "pg_catalog.int8_ops")
    assert odd.collations == ("default", "C", "")
    assert odd.definition.startswith('CREATE INDEX odd ON "Sales ü"."Order" USING btree (lower(')
    assert not (odd.unique or odd.primary or odd.constraint or odd.replica_identity) and odd.valid and odd.scans == 0
    assert index(schema, "plain").keys == ("happened", "(tags[1] + 1)")
    assert index(schema, "inside").method == "gin" and index(schema, "hashed").method == "hash"
    assert index(schema, "customers_target").include == ("email",) and index(schema, "customers_target").unique


def test_an_index_knows_the_constraint_that_owns_it_or_needs_it(schema: Schema, dsn: str) -> None:
    assert index(schema, "Order pkey").constraint == "Order pkey" and index(schema, "Order pkey").primary
    assert index(schema, "customers_email_key").constraint == "customers_email_key"
    assert index(schema, "visits_apart").constraint == "visits_apart" and index(schema, "visits_apart").method == "gist"
    assert index(schema, "visits_identity").replica_identity and index(schema, "visits_identity").constraint is None
    with psycopg.connect(dsn) as admin:
        needed = admin.execute("SELECT conindid::regclass::text FROM pg_constraint WHERE conname = 'visits_customer'")
        assert needed.fetchone() == ("customers_pkey",)
    assert index(schema, "customers_target").constraint is None


def test_a_unique_index_that_only_a_foreign_key_needs_names_that_key(postgres: Server, visit: Visit) -> None:
    dsn = postgres.create_database()
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("CREATE TABLE target (code text); CREATE UNIQUE INDEX target_code ON target (code)")
        admin.execute("CREATE TABLE pointing (code text CONSTRAINT points REFERENCES target (code))")
    with visit(dsn) as session:
        assert index(read_schema(session, ""), "target_code").constraint == "points"


def test_a_part_of_a_partitioned_index_names_its_whole(schema: Schema) -> None:
    assert index(schema, "measured_old_value_idx").part_of == "public.measured_value"
    assert index(schema, "measured_old_pkey").part_of == "public.measured_pkey"
    assert index(schema, "measured_old_pkey").constraint == "measured_old_pkey"
    assert index(schema, "measured_value").part_of is None and index(schema, "measured_value").bytes == 0


def test_an_invalid_index_is_marked(postgres: Server, visit: Visit) -> None:
    dsn = postgres.create_database()
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("CREATE TABLE t (x int)")
        admin.execute("INSERT INTO t VALUES (1), (1)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            admin.execute("CREATE UNIQUE INDEX CONCURRENTLY broken ON t (x)")
    with visit(dsn) as session:
        assert index(read_schema(session, ""), "broken").valid is False


def test_an_empty_database_has_an_empty_schema(postgres: Server, visit: Visit) -> None:
    dsn = postgres.create_database()
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("DROP SCHEMA public CASCADE")
    with visit(dsn) as session:
        schema = read_schema(session, "s_2")
    assert schema.tables == () and schema.search_path == ()


def test_the_time_since_which_is_counted_is_that_of_the_last_reset(postgres: Server, visit: Visit) -> None:
    dsn = postgres.create_database()
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("SELECT pg_stat_reset()")
        row = admin.execute("SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()").fetchone()
    with visit(dsn) as session:
        assert row is not None and read_schema(session, "").stats_since == row[0]


def test_an_account_without_grants_sees_structure_but_no_values(
    dsn: str, postgres: Server, account: str, visit: Visit
) -> None:
    with visit(make_conninfo(dsn, user=account, password=account)) as session:
        schema = read_schema(session, "s_1")
    assert schema.find("customers") is not None and schema.find("Order", "Sales ü") is None
    assert all(
        column.common_values == () and column.bounds == () for table in schema.tables for column in table.columns
    )


def test_revoked_statistics_are_left_out(postgres: Server, account: str, visit: Visit) -> None:
    dsn = postgres.create_database()
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("CREATE TABLE t (x int); REVOKE ALL ON pg_catalog.pg_stats FROM PUBLIC")
    with visit(make_conninfo(dsn, user=account, password=account)) as session:
        assert [column.name for column in table(read_schema(session, ""), "t").columns] == ["x"]


def test_a_table_that_is_locked_for_long_is_left_out_and_the_rest_is_read(dsn: str, visit: Visit) -> None:
    with psycopg.connect(dsn) as other:
        other.execute("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
        with visit(dsn) as session:
            schema = read_schema(session, "s_1")
        other.rollback()
    assert schema.find("customers") is None
    assert len(schema.tables) == 9 and index(schema, "odd").keys


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8), max_size=6)
)
def test_elements_takes_any_array_apart_that_postgresql_writes(dsn: str, visit: Visit, values: list[str]) -> None:
    with visit(dsn) as session:
        written = session.rows("SELECT %s::text[]::text AS written", [values])[0]["written"]
    assert elements(written) == tuple(values)


def test_elements_of_nothing_are_none() -> None:
    assert elements(None) == elements("{}") == ()

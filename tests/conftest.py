"""Fixtures that every test may use: a real PostgreSQL, and the demo shop on one, each started once a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import assay  # noqa: F401 - before gRPC, whoever imports that first
from assay_lab.mariadb import MariaServer
from assay_lab.server import Server
from assay_lab.shop import Shop


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A throw-away cluster with pg_stat_statements and hypopg: `.create_database()` and `.dsn(name)` give DSNs."""
    with Server(tmp_path_factory.mktemp("postgres"), settings={"autovacuum": "off", "shared_buffers": "64MB"}) as it:
        yield it


@pytest.fixture
def database(postgres: Server) -> str:
    """The superuser's DSN of an empty database of this test's own, extensions created."""
    return postgres.create_database()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The demo shop at a fiftieth of its size, its workload run once; `.dsn` is the superuser's. Read it only."""
    it = Shop(tmp_path_factory.mktemp("shop"), scale=0.02, settings={"autovacuum": "off", "shared_buffers": "64MB"})
    try:
        it.start(lambda _step, _share: None)
        yield it
    finally:
        it.stop()


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaServer]:
    """A throw-away MariaDB: `.create_database()` gives root's DSN, `.dsn(database, account, password)` another's."""
    with MariaServer() as it:
        yield it

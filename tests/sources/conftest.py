"""What the tests of sources share: a way to visit a database, as its superuser or as another account."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from assay.adapters.databases.postgres import PostgresDatabases
from assay.ports.databases import Session
from assay.ports.secret import Secret
from assay_lab.server import Server

Visit = Callable[[str], AbstractContextManager[Session]]


@pytest.fixture(scope="module")
def databases() -> Iterator[PostgresDatabases]:
    it = PostgresDatabases()
    yield it
    it.close()


@pytest.fixture(scope="module")
def visit(databases: PostgresDatabases) -> Visit:
    return lambda dsn: databases.session(Secret(dsn))


@pytest.fixture
def account(postgres: Server) -> Iterator[str]:
    """A role without any grant; its name needs quotes and its password is its name."""
    name = f'Odd "{secrets.token_hex(3)}" ü'
    with psycopg.connect(postgres.dsn(), autocommit=True) as admin:
        role = sql.Identifier(name)
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(name)))
    yield name
    with psycopg.connect(postgres.dsn(), autocommit=True) as admin:
        names = [row[0] for row in admin.execute("SELECT datname FROM pg_database WHERE NOT datistemplate")]
    for database in names:
        with psycopg.connect(make_conninfo(postgres.dsn(), dbname=database), autocommit=True) as admin:
            admin.execute(sql.SQL("DROP OWNED BY {}").format(role))
    with psycopg.connect(postgres.dsn(), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP ROLE {}").format(role))

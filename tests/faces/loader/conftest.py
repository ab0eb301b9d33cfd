"""Fixtures of the plugin: one that runs for all tests of the folder, and two databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faces.loader.running import Host, Plugin

SHOP = """
CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL, city text);
CREATE TABLE orders (id integer PRIMARY KEY, user_id integer REFERENCES users (id), total numeric(10, 2), status text);
INSERT INTO users VALUES (1, 'ada@example.org', 'Berlin'), (2, 'bob@example.org', 'Paris');
INSERT INTO orders VALUES (1, 1, 10.5, 'open'), (2, 1, 20, 'paid'), (3, 2, 7, 'paid');
"""


@pytest.fixture(scope="session")
def shop_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small shop in SQLite."""
    file = tmp_path_factory.mktemp("files") / "shop.db"
    with sqlite3.connect(file) as connection:
        connection.executescript(SHOP)
    connection.close()
    return file


@pytest.fixture(scope="session")
def library_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that has nothing in common with the shop."""
    file = tmp_path_factory.mktemp("files") / "library.db"
    with sqlite3.connect(file) as connection:
        connection.executescript(
            "CREATE TABLE books (id integer PRIMARY KEY, title text, author text);"
            "INSERT INTO books VALUES (1, 'Middlemarch', 'George Eliot');"
        )
    connection.close()
    return file


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugin]:
    """The plugin, as most tests ask it."""
    folder = tmp_path_factory.mktemp("plugin")
    flags = ("--socket", str(folder / "s.sock"), "--no-also-default-socket")
    with Plugin(folder, *flags, ASSAY_CALLS_PER_MINUTE="100000") as it:
        yield it


@pytest.fixture
def host(plugin: Plugin) -> Callable[..., Host]:
    """A host of the plugin, for a store: `host(name="ai", pro__dsn="…")`."""
    return lambda **store: Host(plugin.channel(), **store)


@pytest.fixture
def shop(host: Callable[..., Host], shop_file: Path) -> Host:
    """A host whose store names the shop."""
    return host(pro__dsn=f"sqlite://{shop_file}")

"""Databases that a plugin reads, as sources: the real plugin on a real socket, asked by the house that ships."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from assay import main
from assay.adapters.loaders.loader import GrpcLoaders
from assay.ports.deadline import Deadline
from assay.ports.errors import Invalid, NotFound, Refused, Unavailable, UnsupportedDatabase
from assay.ports.loader import Loader, Store
from assay_lab.mariadb import MariaServer
from assay_lab.server import Server
from ask.homes import Home, refused
from ask.places import ENGINES, SAME, Places, made
from doubles.sql_plugin import SqlPlugin, store


class Stores:
    """What the room of plugins does, for stores that the test names: one connection a store and event loop."""

    def __init__(self, plugin: SqlPlugin) -> None:
        self.plugin = plugin
        self.known: dict[str, Store] = {}
        self._open: dict[tuple[str, int], Loader] = {}

    def store(self, name: str) -> Store:
        if name not in self.known:
            raise NotFound(f"There is no store {name!r}.", field="dsn")
        return self.known[name]

    async def loader(self, name: str, deadline: Deadline) -> Loader:
        key = (name, id(asyncio.get_running_loop()))
        if key not in self._open:
            self._open[key] = GrpcLoaders().open(self.plugin.address, self.store(name))
        return self._open[key]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, postgres: Server, mariadb: MariaServer) -> Iterator[Places]:
    with made(tmp_path_factory.mktemp("plugin"), postgres, mariadb) as it:
        yield it


@pytest.fixture(scope="module")
def plugin() -> Iterator[SqlPlugin]:
    with SqlPlugin() as it:
        yield it


@pytest.fixture
def stores(plugin: SqlPlugin, places: Places, monkeypatch: pytest.MonkeyPatch) -> Stores:
    it = Stores(plugin)
    for engine in ENGINES:
        it.known[engine] = store(places.reader[engine], engine)
        it.known[f"{engine}-owner"] = store(places.owner[engine], f"{engine}-owner", allow_powerful_account="true")
    monkeypatch.setattr(main, "StoreDatabases", lambda _: it)
    return it


@pytest.fixture
def home(tmp_path: Path, stores: Stores) -> Home:
    return Home(tmp_path)


def connect(home: Home, name: str, **more: Any) -> Any:
    return home.ask("sources.connect", name=name, dsn=f"plugin://{name}", **more)


@pytest.mark.parametrize("engine", ENGINES)
def test_questions_are_answered_with_the_rows_that_a_direct_connection_gives(home: Home, engine: str) -> None:
    source = connect(home, engine)
    assert (source.engine, source.where, source.state) == (engine, f"plugin://{engine}", source.state)
    for words, rows in SAME:
        found = home.question(words, store=engine, execute=True)
        assert set(found.rows.rows) == rows, words
        assert any("atest-store-sql" in words and "promise" in words for words in found.warnings)
        assert found.evidence and found.verdict == "assayed"


@pytest.mark.parametrize("engine", ENGINES)
def test_the_schema_is_the_one_that_a_direct_connection_reads(home: Home, places: Places, engine: str) -> None:
    connect(home, engine)
    home.ask("sources.connect", name="direct", dsn=places.reader[engine])
    through, direct = (home.ask("sources.schema", id=name).model_dump(mode="json") for name in (engine, "direct"))
    for one in (through, direct):
        del one["source"], one["read_at"]
    if engine == "postgresql":  # counters that go on counting
        for table in (*through["tables"], *direct["tables"]):
            table["seq_scans"] = 0
    assert through == direct

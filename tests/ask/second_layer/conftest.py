"""The three databases that are attacked."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ask.second_layer.worlds import Maria, Postgres, Sqlite, World, open_folder
from assay.ask.graph import Dialect
from assay_lab.mariadb import MariaServer
from assay_lab.server import Server


@pytest.fixture(scope="package")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Dialect, World]]:
    """By dialect; each beside a folder that the servers' own users can reach and fill.

    No other test uses the servers: the accounts for questions are of a whole server, not of one database.
    """
    settings = {"autovacuum": "off", "shared_buffers": "64MB"}
    with Server(tmp_path_factory.mktemp("attacked"), settings=settings) as postgres, MariaServer() as mariadb:
        yield from _worlds(postgres, mariadb)


def _worlds(postgres: Server, mariadb: MariaServer) -> Iterator[dict[Dialect, World]]:
    folders = {name: open_folder(Path(tempfile.mkdtemp(prefix="assay-attacked-"))) for name in ("pg", "my", "lite")}
    made = {"postgres": Postgres(postgres, folders["pg"]), "mysql": Maria(mariadb, folders["my"])}
    sqlite = Sqlite(folders["lite"])
    yield {**made, "sqlite": sqlite}  # pyright: ignore[reportReturnType]
    for world in (*made.values(), sqlite):
        world.close()
    for folder in folders.values():
        shutil.rmtree(folder, ignore_errors=True)

"""What `atest-store-sql` runs: a store plugin of atest for PostgreSQL, MySQL, MariaDB and SQLite, without the house."""

from __future__ import annotations

import importlib
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from assay.adapters.stores.loader import Readers, SqlLoader
from assay.faces.loader.program import run
from assay.faces.rpc import Services
from assay.ports.databases import Engine
from assay.wire import loader_pb2

NAME = "atest-store-sql"
_WAYS = {
    "postgresql": ("assay.adapters.databases.postgres", "PostgresDatabases"),
    "mysql": ("assay.adapters.databases.mysql.databases", "MysqlDatabases"),
    "sqlite": ("assay.adapters.databases.sqlite.databases", "SqliteDatabases"),
}
"""Imported when a store first asks for one: together they take longer than everything else."""


def _readers(engine: Engine) -> Readers:
    module, name = _WAYS[engine]
    make: Any = getattr(importlib.import_module(module), name)
    if engine != "sqlite":
        return make()
    home = Path(os.environ.get("ASSAY_HOME", Path.home() / ".local" / "share" / "assay"))
    return make(off_limits=(home,), catalogue=True)


def _version() -> str:
    try:
        return version("assay")
    except PackageNotFoundError:
        return "0"


def _services() -> Services:
    return {loader_pb2.DESCRIPTOR.services_by_name["Loader"]: SqlLoader(_version(), _readers).handlers}


def main() -> None:
    """Serve, and end at once when told to: a statement that still runs then is ended by its own limit of time."""
    code = run(NAME, _version(), sys.argv[1:], _services)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()

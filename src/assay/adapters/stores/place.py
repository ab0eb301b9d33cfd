"""Which database a store means: its driver, address, account and database as the DSN that our readers take."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from assay.ports.databases import Engine
from assay.ports.errors import Invalid, Unavailable, UnsupportedDatabase
from assay.ports.loader import Store
from assay.ports.secret import Secret

_DRIVERS: dict[str, Engine] = {
    "": "mysql", "mysql": "mysql", "mariadb": "mysql", "postgres": "postgresql", "postgresql": "postgresql",
    "sqlite": "sqlite", "sqlite3": "sqlite",
}  # fmt: skip
_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+))(?::([0-9]{1,5}))?", re.ASCII)
_DEFAULTS = {"mysql": "information_schema", "postgresql": "postgres"}
"""Databases that every server has, for a store that names none."""


@dataclass(frozen=True, slots=True)
class Place:
    """One database of one store."""

    engine: Engine
    dsn: Secret
    database: str
    """As the store or the question names it, or a name of every server."""


def text_of(store: Store, name: str) -> str:
    """A property of a store as text; empty where it has none."""
    value = store.properties.get(name, "")
    return value.reveal() if isinstance(value, Secret) else value


def engine_of(store: Store) -> Engine:
    """The engine of a store's driver, mysql where it names none; UnsupportedDatabase for one that is not read here."""
    driver = text_of(store, "driver").strip().lower()
    if driver not in _DRIVERS:
        raise UnsupportedDatabase(
            f"driver: {driver} is not read by this plugin, which needs sessions that only read.",
            field="driver", known=["mysql", "postgres", "sqlite"],
            cure="name mysql, postgres or sqlite, or use atest-store-orm for this store",
        )  # fmt: skip
    return _DRIVERS[driver]


def place_of(store: Store, key: str) -> Place:
    """Find the database that a question means.

    Args:
        key: another database of the same server, or a file `<key>.db` beside the store's; empty: the store's own.

    Raises Invalid, UnsupportedDatabase, or Unavailable (there is no such file), without any secret.
    """
    engine = engine_of(store)
    if engine == "sqlite":
        return _file(text_of(store, "database"), key)
    if not store.username:
        raise Invalid("username: the store names no account to sign in as.", field="username")
    found = _ADDRESS.fullmatch(store.url)
    if found is None:
        raise Invalid("url: the address of a database is host or host:port.", field="url")
    host = f"[{found[1]}]" if found[1] else found[2]
    database = key or text_of(store, "database") or _DEFAULTS[engine]
    who = f"{quote(store.username, safe='')}:{quote(store.password.reveal() if store.password else '', safe='')}"
    port = f":{found[3]}" if found[3] else ""
    return Place(engine, Secret(f"{engine}://{who}@{host}{port}/{quote(database, safe='')}"), database)


def _file(named: str, key: str) -> Place:
    if not named:
        raise Invalid("database: name the SQLite file, by its path.", field="database")
    path = _existing(Path(named).absolute())
    if key and key not in (named, path.stem, path.name):
        # Who may ask questions need not be who may choose files: only those beside the store's own.
        if Path(key).name != key or key.startswith("."):
            raise Invalid("key: another database is named without a folder, and lies beside the first.", field="key")
        named, path = key, _existing(path.with_name(key))
    return Place("sqlite", Secret(f"sqlite://{quote(str(path))}"), named)


def _existing(path: Path) -> Path:
    """The file itself, or the one with .db at the end, as atest-store-orm names it."""
    for one in (path, path.with_name(f"{path.name}.db")):
        if one.is_file():
            return one
    cure = "name a file that exists, by its absolute path; this plugin makes none"
    raise Unavailable(f"database: there is no file {path}, nor {path.name}.db beside it.", field="database", cure=cure)

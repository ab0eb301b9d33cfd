"""Reads the store on whose behalf the host asks: it comes with every call, as metadata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from assay.kernel.errors import Invalid, UnsupportedDatabase
from assay.kernel.secret import Secret

ENGINES: Mapping[str, str] = {
    "postgresql": "postgresql", "postgres": "postgresql", "pg": "postgresql", "mysql": "mysql", "mariadb": "mysql",
    "sqlite": "sqlite", "sqlite3": "sqlite",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Store:
    """One store of a host."""

    name: str = ""
    owner: str = ""
    url: str = ""
    username: str = ""
    password: Secret = field(default_factory=lambda: Secret(""))
    properties: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """By name in lower case; one of them may be a DSN or a key."""

    def dsn(self) -> Secret | None:
        """The DSN of the store's own database; None when it names none.

        A whole DSN is the property `database_url` or `dsn`; else it is made of the store's address and account, and
        the properties `driver` and `database`. Raises Invalid or UnsupportedDatabase for what cannot be one.
        """
        whole = self.properties.get("database_url", "").strip() or self.properties.get("dsn", "").strip()
        if whole:
            return Secret(whole)
        driver = self.properties.get("driver", "").strip().lower()
        if not driver:
            return None
        engine = ENGINES.get(driver)
        if engine is None:
            raise UnsupportedDatabase(f"properties.driver: {driver} is not known here.", field="driver",
                                      known=sorted(ENGINES))  # fmt: skip
        return self._made(engine)

    def _made(self, engine: str) -> Secret:
        database = self.properties.get("database", "").strip()
        if not database:
            raise Invalid("properties.database: say which database is meant.", field="database")
        if engine == "sqlite":
            # As the SQL store of atest names it: the file is "<database>.db", from where the host was started.
            file = Path(database if database.endswith((".db", ".sqlite", ".sqlite3")) else f"{database}.db").absolute()
            return Secret(f"sqlite://{quote(str(file))}")
        if not self.url or "://" in self.url:
            raise Invalid("url: say where the database is, as host:port.", field="url")
        password = self.password.reveal()
        account = quote(self.username, safe="") + (f":{quote(password, safe='')}" if password else "")
        return Secret(f"{engine}://{account + '@' if account else ''}{self.url}/{quote(database, safe='')}")


def read_store(metadata: Iterable[tuple[str, str | bytes]] | None) -> Store:
    """Read the store of a call; what is not sent is empty.

    A host of ours sends a value that gRPC in Python does not take as text a second time, whole, under `<key>-bin`.
    """
    said: dict[str, str] = {}
    whole: dict[str, str] = {}
    for key, value in metadata or ():
        text = value.decode(errors="replace") if isinstance(value, bytes) else value
        if key.endswith("-bin"):
            whole[key.removesuffix("-bin")] = text
        else:
            said[key] = text
    said |= whole
    return Store(
        said.get("name", ""), said.get("owner", ""), said.get("url", ""), said.get("username", ""),
        Secret(said.get("password", "")),
        {key.removeprefix("pro."): value for key, value in said.items() if key.startswith("pro.")},
    )  # fmt: skip


def without_password(dsn: Secret) -> str:
    """A DSN without what may change while it means the same database and account."""
    text = dsn.reveal()
    scheme, separator, rest = text.partition("://")
    if not separator:
        return " ".join(part for part in text.split() if not part.lower().startswith("password"))
    place, slash, path = rest.partition("/")
    account, at, host = place.rpartition("@")
    return f"{scheme}://{account.partition(':')[0]}{at}{host}{slash}{path}"

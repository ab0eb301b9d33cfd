"""Lends readers of databases that a plugin reads: `plugin://STORE`, or `plugin://STORE/DATABASE`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from urllib.parse import quote, unquote

from assay.adapters.databases.plugin.line import Line
from assay.adapters.databases.plugin.reader import PluginReader
from assay.adapters.stores.place import engine_of
from assay.ports.databases import Limits, Reader, Whereabouts
from assay.ports.errors import Invalid, Unavailable, UnsupportedDatabase
from assay.ports.plugin_databases import PluginStores
from assay.ports.secret import Secret

EXAMPLE = "plugin://STORE"
DIRECT = (
    "Costing needs a direct connection: a plugin hands on no sessions in which plans are forced and indexes imagined."
)
_DEFAULT = Limits()
_DSN = re.compile(r"plugin://([^/?#]+)(?:/([^/?#]+))?/?")


class PluginDatabases:
    """Implements what of `ports.databases.Databases` a plugin allows; thread-safe.

    Args:
        loop: the event loop on which plugins are asked; None where there are none.
    """

    def __init__(self, stores: PluginStores, loop: asyncio.AbstractEventLoop | None) -> None:
        self._stores, self._loop = stores, loop

    def whereabouts(self, dsn: Secret) -> Whereabouts:
        """Say which store a DSN means; NotFound when there is none of that name."""
        name, key = _read(dsn)
        store = self._stores.store(name)
        where = f"plugin://{quote(name)}" + (f"/{quote(key)}" if key else "")
        return Whereabouts(where=where, account=store.username, engine=engine_of(store))

    @contextmanager
    def reader(self, dsn: Secret, limits: Limits = _DEFAULT) -> Generator[Reader]:
        """Lend a reader; the plugin keeps what it has open."""
        name, key = _read(dsn)
        engine = engine_of(self._stores.store(name))
        if self._loop is None:
            raise Unavailable("Plugins are not asked from this process.")
        yield PluginReader(Line(self._stores, self._loop, name, key, limits), engine)

    def refuse(self) -> UnsupportedDatabase:
        """The error for what needs a connection of our own."""
        return UnsupportedDatabase(DIRECT, cure="assay sources connect --name NAME --dsn postgresql://…")

    def as_account(self, dsn: Secret, account: str, password: Secret) -> Secret:
        """Never: accounts are the store's own."""
        raise self.refuse()

    def administer(self, dsn: Secret, statements: Sequence[str]) -> None:
        """Never: nothing is changed through a plugin."""
        raise self.refuse()


def _read(dsn: Secret) -> tuple[str, str]:
    found = _DSN.fullmatch(dsn.reveal().strip())
    if found is None:
        raise Invalid(f"The DSN cannot be read; it looks like {EXAMPLE}, with the name of a store.", field="dsn")
    return unquote(found[1]), unquote(found[2] or "")

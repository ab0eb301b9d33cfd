"""The databases of stores, connected as sources of Assay: one a store and database, and for no other store."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from assay.faces.loader.door import Door
from assay.faces.loader.store import Store, without_password
from assay.kernel.errors import NotFound
from assay.kernel.secret import Secret


class StoreDatabases:
    """Knows which source belongs to which store; a DSN is signed in with once before its source is used.

    A source is named after a mark of the store and its DSN without the password, so that a new password is a new
    sign-in to the same source, and another database another source.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, str]] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def source_of(self, door: Door, store: Store) -> str | None:
        """Return the source of a store's database, connecting it when it is new; None when the store names none.

        Raises what the sign-in raises.
        """
        if named := store.properties.get("source", "").strip():
            return named
        dsn = store.dsn()
        if dsn is None:
            return None
        name = self._name(door, store, dsn)
        mark = door.mark(dsn.reveal())
        async with self._turns[name]:
            source, signed_in_with = self._known.get(name, ("", ""))
            if signed_in_with != mark:
                source = await _connected(door, name, dsn)
                self._known[name] = source, mark
            return source

    def forget(self, door: Door, store: Store) -> bool:
        """Connect a store's database anew next time; return whether it was known."""
        dsn = store.dsn()
        return dsn is not None and self._known.pop(self._name(door, store, dsn), None) is not None

    def _name(self, door: Door, store: Store, dsn: Secret) -> str:
        whose = "\0".join((store.owner, store.name, without_password(dsn)))
        return f"atest {store.name[:40]} {door.mark(whose)}"


async def _connected(door: Door, name: str, dsn: Secret) -> str:
    """Return the id of the source of that name, which takes this DSN from now on."""
    try:
        had = await door.ask("sources.get", {"id": name})
    except NotFound:
        made = await door.ask("sources.connect", {"name": name, "dsn": dsn.reveal()})
        return str(made["id"])
    edited = {"id": had["id"], "version": had["version"], "dsn": dsn.reveal()}
    return str((await door.ask("sources.edit", edited))["id"])

"""What can be asked of stores: which there are and how they are, keep, change, drop, ask whether they work."""

from __future__ import annotations

import asyncio

from assay.kernel.context import Context
from assay.kernel.operation import Delete, Get, Post, Put, operation
from assay.kernel.values import Empty
from assay.plugins import keep, show
from assay.plugins.events import STORE_REMOVED, STORE_SAVED
from assay.plugins.model import (
    FindStore,
    ListStores,
    SaveStore,
    StoreKinds,
    StoreLine,
    Stores,
    StoreStatus,
    VerifyStore,
)
from assay.plugins.stores.model import Kind
from assay.plugins.supervisor import Supervisor
from assay.ports.deadline import Deadline
from assay.ports.errors import AssayError, Conflict, Forbidden, Invalid, NotFound

_VERIFY_S = 5.0


@operation("plugins.stores", effect="read", needs="plugins:read", http=Get("/api/v1/stores"),
           when="you want to know which stores plugins give access to, and whether they work")  # fmt: skip
async def list_stores(asked: ListStores, ctx: Context) -> Stores:
    """List the stores of stores.yaml, how each is, and what is wrong with the file; secrets are masked."""
    supervisor = ctx.port(Supervisor)
    await supervisor.known()
    kinds = dict(supervisor.kinds)
    shown = tuple(
        show.store_line(one, kinds)
        for one in supervisor.connections
        if ctx.caller.reaches("store", one.name) and (not asked.kind or _is_of(one.entry.used.kind, asked.kind, kinds))
    )
    return show.stores(supervisor, shown)


def _is_of(kind: Kind | None, category: str, kinds: dict[str, Kind]) -> bool:
    return kind is not None and category in {*kind.categories, *kinds.get(kind.name, kind).categories}


@operation("plugins.kinds", effect="read", needs="plugins:read", http=Get("/api/v1/stores/kinds"))
async def list_kinds(asked: Empty, ctx: Context) -> StoreKinds:
    """List the kinds of stores that can be made: what the files describe, and programs in the folder of plugins."""
    supervisor = ctx.port(Supervisor)
    await supervisor.read_once()
    kinds = dict(supervisor.kinds)
    for entry in supervisor.reading.entries:
        if entry.used.kind is not None:
            kinds.setdefault(entry.used.kind.name, entry.used.kind)
    for name in supervisor.world.shelf.listed():
        kinds.setdefault(name, Kind(name=name))
    return StoreKinds(data=tuple(show.store_kind(kinds[name]) for name in sorted(kinds)))


@operation("plugins.create_store", effect="write", needs="plugins:edit", http=Post("/api/v1/stores"),
           scope=("store", "name"), errors=[Invalid, Conflict, Forbidden])  # fmt: skip
async def create_store(asked: SaveStore, ctx: Context) -> StoreLine:
    """Write a new store into stores.yaml; its plugin is started."""
    return await _save(asked, ctx, new=True)


@operation("plugins.update_store", effect="write", needs="plugins:edit", http=Put("/api/v1/stores/{name}"),
           scope=("store", "name"), errors=[Invalid, NotFound, Forbidden])  # fmt: skip
async def update_store(asked: SaveStore, ctx: Context) -> StoreLine:
    """Write a store anew into stores.yaml; ****** in place of a secret leaves it as it is."""
    return await _save(asked, ctx, new=False)


async def _save(asked: SaveStore, ctx: Context, *, new: bool) -> StoreLine:
    supervisor = ctx.port(Supervisor)
    await asyncio.to_thread(keep.save, supervisor.path, asked, supervisor.world.environment, new=new)
    await supervisor.refresh()
    ctx.announce(STORE_SAVED, f"store:{asked.name}", {"store": asked.name})
    return show.store_line(supervisor.connection(asked.name), dict(supervisor.kinds))


@operation("plugins.delete_store", effect="write", needs="plugins:edit", http=Delete("/api/v1/stores/{name}"),
           scope=("store", "name"), errors=[NotFound, Forbidden])  # fmt: skip
async def delete_store(asked: FindStore, ctx: Context) -> Empty:
    """Take a store out of stores.yaml; a plugin that no other store uses is stopped."""
    supervisor = ctx.port(Supervisor)
    await asyncio.to_thread(keep.drop, supervisor.path, asked.name, supervisor.world.environment)
    await supervisor.refresh()
    ctx.announce(STORE_REMOVED, f"store:{asked.name}", {"store": asked.name})
    return Empty()


@operation("plugins.verify", effect="read", needs="plugins:read", http=Post("/api/v1/stores/verify"),
           scope=("store", "name"), errors=[NotFound])  # fmt: skip
async def verify(asked: VerifyStore, ctx: Context) -> StoreStatus:
    """Ask a store's plugin now whether it can work for it; that it cannot, or does not answer, is the answer."""
    connection = await ctx.port(Supervisor).reach(asked.name)
    try:
        said = await connection.verify(Deadline.after(ctx.deadline.left(_VERIFY_S)))
        ready, readonly, version, message = said.ready, said.readonly, said.version, "" if said.ready else said.message
    except AssayError as error:
        ready, readonly, version, message = False, False, "", error.message
    return StoreStatus(ready=ready, read_only=readonly, version=version, message=message, state=connection.state,
                       latency_ms=connection.latency_ms)  # fmt: skip

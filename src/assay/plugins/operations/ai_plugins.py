"""The administration of AI plugins, in the words of the integration guide: register, discover, health, unregister."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

from assay.kernel.context import Context
from assay.kernel.operation import Delete, Get, Post, operation
from assay.kernel.values import Empty
from assay.plugins import keep, sockets
from assay.plugins.connection import Connection
from assay.plugins.events import STORE_REMOVED, STORE_SAVED
from assay.plugins.model import (
    FindPlugin,
    Pair,
    PluginHealth,
    PluginHealths,
    PluginInfo,
    PluginInfos,
    RegisterPlugin,
    SaveStore,
    StoreKind,
)
from assay.plugins.stores.secrecy import HIDDEN, masked
from assay.plugins.supervisor import Supervisor
from assay.ports.errors import Conflict, Forbidden, Invalid, NotFound
from assay.ports.secret import Secret

_Status = Literal["online", "processing", "error"]
_STATUS: dict[str, _Status] = {"ready": "online", "starting": "processing", "degraded": "error"}


@operation("plugins.register", effect="write", needs="plugins:edit", http=Post("/api/v1/ai/plugins/register"),
           scope=("store", "name"), errors=[Invalid, Conflict, Forbidden])  # fmt: skip
async def register(asked: RegisterPlugin, ctx: Context) -> PluginInfo:
    """Make a store for an AI plugin: a socket of this machine at which it listens, or a program in the folder of
    plugins, which is then started. Nothing is downloaded, and no other program can be named."""
    supervisor = ctx.port(Supervisor)
    url = ""
    if asked.socket_path:
        url = f"unix://{asked.socket_path.removeprefix('unix://')}"
        if not Path(url.removeprefix("unix://")).is_absolute():
            raise Invalid("socket_path: this is no absolute path of a socket.", field="socket_path")
        sockets.refuse_strangers(url)
    elif asked.name not in supervisor.world.shelf.listed():
        folder = supervisor.world.shelf.folder
        raise Invalid(f"name: there is no program {asked.name} in {folder} that may be started.", field="name",
                      cure="put it there, owned by you or root and executable, or give socket_path")  # fmt: skip
    store = SaveStore(
        name=asked.name, description=asked.description, kind=StoreKind(name=asked.name, url=url, categories=("ai",)),
        properties=tuple(Pair(key=key, value=value) for key, value in asked.metadata.items()),
    )  # fmt: skip
    await asyncio.to_thread(keep.save, supervisor.path, store, supervisor.world.environment, new=True)
    await supervisor.refresh()
    ctx.announce(STORE_SAVED, f"store:{asked.name}", {"store": asked.name})
    return _info(supervisor.connection(asked.name))


@operation("plugins.discover", effect="read", needs="plugins:read", http=Get("/api/v1/ai/plugins/discover"))
async def discover(asked: Empty, ctx: Context) -> PluginInfos:
    """List the AI plugins: those of stores, and programs in the folder of plugins that no store uses yet."""
    supervisor = ctx.port(Supervisor)
    await supervisor.known()
    found = [_info(one) for one in _ai_stores(supervisor, ctx)]
    used = {one.entry.used.kind.name for one in supervisor.connections if one.entry.used.kind}
    found += [
        PluginInfo(name=name, version="", description="", capabilities=(), socket_path="", metadata={},
                   state="stopped", configured=False)
        for name in supervisor.world.shelf.listed() if name not in used
    ]  # fmt: skip
    return PluginInfos(plugins=tuple(found))


@operation("plugins.health", effect="read", needs="plugins:read", http=Get("/api/v1/ai/plugins/health"))
async def health(asked: Empty, ctx: Context) -> PluginHealths:
    """Say of all AI plugins whether they answer."""
    supervisor = ctx.port(Supervisor)
    await supervisor.known()
    return PluginHealths(plugins=tuple(_health(one) for one in _ai_stores(supervisor, ctx)))


@operation("plugins.health_of", effect="read", needs="plugins:read", http=Get("/api/v1/ai/plugins/{name}/health"),
           scope=("store", "name"), errors=[NotFound])  # fmt: skip
async def health_of(asked: FindPlugin, ctx: Context) -> PluginHealth:
    """Say of one AI plugin whether it answers."""
    return _health(_ai_store(await ctx.port(Supervisor).reach(asked.name)))


@operation("plugins.unregister", effect="write", needs="plugins:edit", http=Delete("/api/v1/ai/plugins/{name}"),
           scope=("store", "name"), errors=[NotFound, Forbidden])  # fmt: skip
async def unregister(asked: FindPlugin, ctx: Context) -> Empty:
    """Take the store of an AI plugin away, and stop the plugin if no other store uses it."""
    supervisor = ctx.port(Supervisor)
    await supervisor.read_once()
    _ai_store(supervisor.connection(asked.name))
    await asyncio.to_thread(keep.drop, supervisor.path, asked.name, supervisor.world.environment)
    await supervisor.refresh()
    ctx.announce(STORE_REMOVED, f"store:{asked.name}", {"store": asked.name})
    return Empty()


def _ai_stores(supervisor: Supervisor, ctx: Context) -> list[Connection]:
    return [one for one in supervisor.connections if one.entry.ai is not None and ctx.caller.reaches("store", one.name)]


def _ai_store(connection: Connection) -> Connection:
    if connection.entry.ai is None:
        raise NotFound(f"The store {connection.name} is no AI store.", field="name")
    return connection


def _info(connection: Connection) -> PluginInfo:
    store = masked(connection.entry.written)
    url = (connection.plugin.address if connection.plugin else None) or (store.kind.url if store.kind else "")
    return PluginInfo(
        name=store.name, version=connection.said.version if connection.said else "", description=store.description,
        capabilities=store.kind.categories if store.kind else (), socket_path=url.removeprefix("unix://"),
        metadata={key: HIDDEN if isinstance(text, Secret) else text for key, text in store.properties.items()},
        state=connection.state, configured=True,
    )  # fmt: skip


def _health(connection: Connection) -> PluginHealth:
    return PluginHealth(
        name=connection.name, status=_STATUS.get(connection.state, "offline"), last_check_at=connection.checked_at,
        response_time=connection.latency_ms, error_message=connection.reason or "", state=connection.state,
    )  # fmt: skip

"""What plugins bring to the page: entries of the menu, scripts and styles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from assay.kernel.context import Context
from assay.kernel.operation import Get, operation
from assay.kernel.values import Empty
from assay.plugins.connection import Connection
from assay.plugins.model import FindPage, Menu, Menus, PageCode
from assay.plugins.supervisor import Supervisor
from assay.ports import loader
from assay.ports.deadline import Deadline
from assay.ports.errors import AssayError

RESERVED = frozenset({"", "testing", "history", "mock", "store", "welcome"})
"""Indexes of pages that are not a plugin's."""
_MENUS_S = 2.0
"""A plugin that takes longer brings no menu this time."""
_Page = Callable[[loader.Loader, str, Deadline], Coroutine[Any, Any, str | None]]


@operation("plugins.menus", effect="read", needs="plugins:read", http=Get("/api/v1/extension/menus"),
           rpc="UIExtension.GetMenus")  # fmt: skip
async def menus(asked: Empty, ctx: Context) -> Menus:
    """List the entries that plugins bring to the menu; plugins that do not answer are passed over."""
    best = await _menus(ctx)
    return Menus(data=tuple(Menu(name=one.name, index=one.index, icon=one.icon, version=one.version)
                            for one, _ in sorted(best.values(), key=lambda found: found[0].index)))  # fmt: skip


@operation("plugins.page_js", effect="read", needs="plugins:read", http=Get("/api/v1/extension/pages/{name}/js"),
           rpc="UIExtension.GetPageOfJS")  # fmt: skip
async def page_js(asked: FindPage, ctx: Context) -> PageCode:
    """Return the script of a plugin's page: it defines `ATestPlugin.mount(element)`."""
    return await _page(asked.name, ctx, lambda one, index, deadline: one.page_js(index, deadline))


@operation("plugins.page_css", effect="read", needs="plugins:read", http=Get("/api/v1/extension/pages/{name}/css"),
           rpc="UIExtension.GetPageOfCSS")  # fmt: skip
async def page_css(asked: FindPage, ctx: Context) -> PageCode:
    """Return the style of a plugin's page."""
    return await _page(asked.name, ctx, lambda one, index, deadline: one.page_css(index, deadline))


async def _page(index: str, ctx: Context, fetch: _Page) -> PageCode:
    found = (await _menus(ctx)).get(index)
    if found is None:
        return PageCode(success=False, message=f"no plugin brings a page {index}")
    try:
        code = await found[1].ask(lambda one: fetch(one, index, ctx.deadline), "page")
    except AssayError as error:
        return PageCode(success=False, message=error.message)
    return PageCode(success=code is not None, message=code if code is not None else f"no such page {index}")


async def _menus(ctx: Context) -> dict[str, tuple[loader.Menu, Connection]]:
    """Return by index the entry of the highest version, and whose it is; the first store's among equals."""
    supervisor = ctx.port(Supervisor)
    await supervisor.known()
    ready = [one for one in supervisor.connections if one.state == "ready" and ctx.caller.reaches("store", one.name)]
    best: dict[str, tuple[loader.Menu, Connection]] = {}
    for connection, brought in zip(ready, await asyncio.gather(*map(_brought, ready)), strict=True):
        for menu in brought:
            if menu.index not in RESERVED and (menu.index not in best or menu.version > best[menu.index][0].version):
                best[menu.index] = (menu, connection)
    return best


async def _brought(connection: Connection) -> tuple[loader.Menu, ...]:
    try:
        return await connection.ask(lambda one: one.menus(Deadline.after(_MENUS_S)), "menus")
    except AssayError:
        return ()

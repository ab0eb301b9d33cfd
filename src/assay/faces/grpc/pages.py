"""UIExtension: the menu entries, scripts and styles that plugins bring."""

from __future__ import annotations

from assay.faces.grpc.asking import Asking
from assay.wire import server_pb2 as wire


async def get_menus(call: Asking, request: wire.Empty) -> wire.MenuList:
    """List the menu entries of all plugins."""
    return wire.MenuList(data=(await call.ask("plugins.menus", dict))["data"])


async def get_page_of_js(call: Asking, request: wire.SimpleName) -> wire.CommonResult:
    """Return the script of a page."""
    return await _page(call, "plugins.page_js", request)


async def get_page_of_css(call: Asking, request: wire.SimpleName) -> wire.CommonResult:
    """Return the style of a page."""
    return await _page(call, "plugins.page_css", request)


async def _page(call: Asking, operation: str, request: wire.SimpleName) -> wire.CommonResult:
    found = await call.ask(operation, lambda: {"name": request.name})
    return wire.CommonResult(success=found["success"], message=found["message"])

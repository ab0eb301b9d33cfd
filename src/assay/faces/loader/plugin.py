"""The methods of `remote.Loader` that the plugin has; those of test suites are not its own, and UNIMPLEMENTED."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay.faces.loader.capable import ai_capabilities
from assay.faces.loader.databases import StoreDatabases
from assay.faces.loader.door import Doorway
from assay.faces.loader.pace import Paces
from assay.faces.loader.queries import answer
from assay.faces.loader.store import read_store
from assay.faces.rpc import Context, Handler
from assay.wire import loader_pb2, server_pb2

LOADER = loader_pb2.DESCRIPTOR.services_by_name["Loader"]
PAGE = "ai-chat"
_HERE = Path(__file__).parent


class Plugin:
    """Serves one house, or one Assay elsewhere, to any number of stores."""

    def __init__(self, doorway: Doorway, version: str) -> None:
        self._doorway, self._version = doorway, version
        self._databases, self._paces = StoreDatabases(), Paces()

    def handlers(self) -> Mapping[str, Handler]:
        """The handlers, by method."""
        return {
            "Verify": self._verify, "GetVersion": self._get_version, "Query": self._query,
            "GetAICapabilities": self._get_ai_capabilities, "GetMenus": self._get_menus,
            "GetPageOfJS": self._get_js, "GetPageOfCSS": self._get_css, "ListTestSuite": self._no_suites,
            "GetThemes": self._nothing, "GetBindings": self._nothing,
        }  # fmt: skip

    async def _verify(self, asked: Any, context: Context) -> server_pb2.ExtensionStatus:
        fault = await self._doorway.well()
        state = "ready" if self._doorway.is_open else "ready; the first question may have to wait for the opening"
        return server_pb2.ExtensionStatus(
            ready=fault is None, readOnly=True, version=self._version, message=fault or state
        )

    async def _get_version(self, asked: Any, context: Context) -> server_pb2.Version:
        return server_pb2.Version(version=self._version)

    async def _query(self, asked: server_pb2.DataQuery, context: Context) -> server_pb2.DataQueryResult:
        store = read_store(context.invocation_metadata())
        return await answer(await self._doorway.door(), self._databases, self._paces, asked, store)

    async def _get_ai_capabilities(self, asked: Any, context: Context) -> server_pb2.AICapabilities:
        return await ai_capabilities(await self._doorway.door())

    async def _get_menus(self, asked: Any, context: Context) -> server_pb2.MenuList:
        menu = server_pb2.Menu(name="AI Assistant", index=PAGE, icon="ChatDotRound", version=1)
        return server_pb2.MenuList(data=[menu])

    async def _get_js(self, asked: server_pb2.SimpleName, context: Context) -> server_pb2.CommonResult:
        # The host tells the page nothing, so its script is told which store asks for it.
        name = json.dumps(read_store(context.invocation_metadata()).name or "ai")
        return _page(asked.name, lambda: (_HERE / "chat.js").read_text().replace('"THE STORE"', name))

    async def _get_css(self, asked: server_pb2.SimpleName, context: Context) -> server_pb2.CommonResult:
        return _page(asked.name, lambda: (_HERE / "chat.css").read_text())

    async def _no_suites(self, asked: Any, context: Context) -> loader_pb2.TestSuites:
        return loader_pb2.TestSuites()

    async def _nothing(self, asked: Any, context: Context) -> server_pb2.SimpleList:
        return server_pb2.SimpleList()


def _page(index: str, text: Any) -> server_pb2.CommonResult:
    if index != PAGE:
        return server_pb2.CommonResult(success=False, message=f"There is no page {index[:40]!r}; there is {PAGE!r}.")
    return server_pb2.CommonResult(success=True, message=text())

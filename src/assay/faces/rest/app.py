"""The REST face as one Starlette application, made of a house."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import URLPath
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import ASGIApp, Receive, Scope, Send

from assay.faces.rest.docs import Docs
from assay.faces.rest.endpoint import Endpoint
from assay.faces.rest.guard import Guard, hosts_of, origin_of
from assay.faces.rest.health import Health
from assay.faces.rest.pages import Pages
from assay.faces.rest.tools import McpEndpoint
from assay.kernel.house import House


class Under(BaseRoute):
    """Hands everything under some paths to one application, whatever the method."""

    def __init__(self, app: ASGIApp, *paths: str) -> None:
        self._app = app
        self._exact = frozenset(path for path in paths if not path.endswith("/"))
        self._under = tuple(path for path in paths if path.endswith("/"))

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match by path alone: a wrong method is answered by the application, in the one shape."""
        path = scope["path"]
        if scope["type"] == "http" and (path in self._exact or path.startswith(self._under)):
            return Match.FULL, {}
        return Match.NONE, {}

    def url_path_for(self, name: str, /, **path_params: object) -> URLPath:
        """No route of ours has a name."""
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await self._app(scope, receive, send)


def build(house: House, *, page: Path | None) -> Starlette:
    """Make the application: /api/, /mcp, /docs, /openapi.json, health, metrics, and the page at every other path.

    Args:
        page: the folder that Vite built, or None.

    `app.state.closing` is set by the server when it stops, so that open streams end.
    """
    settings = house.settings
    closing = asyncio.Event()
    tools = McpEndpoint(house)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with tools.running():
            yield

    app = Starlette(
        routes=[
            Under(Endpoint(house, closing), "/api/"),
            Under(Health(house), "/healthz", "/health", "/ready", "/metrics"),
            Under(tools, "/mcp"),
            Under(Docs(house), "/openapi.json", "/docs", "/docs/"),
            Under(Pages(page), "/"),
        ],
        middleware=[
            Middleware(Guard, hosts=hosts_of(settings.host, settings.public_url), origin=origin_of(settings.public_url))
        ],
        lifespan=lifespan,
    )
    app.state.closing = closing
    return app

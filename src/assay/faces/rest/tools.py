"""MCP over Streamable HTTP at /mcp, inside of the REST application and behind its guard."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import Receive, Scope, Send

from assay.faces.mcp.server import Ctx, make
from assay.faces.rest.http import request_of
from assay.faces.rest.respond import send_error
from assay.faces.rest.session import credential
from assay.faces.shape import known
from assay.kernel.call import identify
from assay.kernel.errors import Unauthenticated
from assay.kernel.house import House
from assay.kernel.secret import Secret


class McpEndpoint:
    """Streamable HTTP at /mcp: no session is kept, so any process may answer; every request shows a bearer token.

    Host and Origin are checked by the guard in front, as for every request.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._server = make(house, _bearer)
        self._manager: StreamableHTTPSessionManager | None = None

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Keep the protocol's tasks for as long as the application runs."""
        limit = self._house.settings.body_limit_bytes
        self._manager = StreamableHTTPSessionManager(self._server, stateless=True, max_request_body_size=limit)
        async with self._manager.run():
            yield
        self._manager = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = request_of(scope, receive, send)
        try:
            shown, is_cookie = credential(request.headers)
            if shown is None or is_cookie:
                raise Unauthenticated("Send a bearer token.", cure="Authorization: Bearer …: assay accounts issue")
            await identify(self._house.desk, shown)
        except Exception as fault:
            await send_error(request, known(fault))
            return
        if self._manager is None:
            raise RuntimeError("the application has not started")
        await self._manager.handle_request(scope, receive, send)


def _bearer(ctx: Ctx) -> Secret | None:
    headers: Any = getattr(ctx.request, "headers", None)
    return credential(headers)[0] if headers is not None else None

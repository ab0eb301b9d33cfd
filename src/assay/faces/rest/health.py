"""Whether it lives, whether it is well, whether it is ready, and its metrics."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import asdict

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import Receive, Scope, Send

from assay.faces.rest.http import Request, request_of
from assay.faces.rest.respond import send_error
from assay.faces.rest.session import credential
from assay.faces.shape import known
from assay.kernel.call import identify
from assay.kernel.errors import Forbidden, Unauthenticated
from assay.kernel.house import House
from assay.kernel.telemetry import registry

NEEDS = "house:read"
_TEXT = "text/plain; charset=utf-8"


class Health:
    """Serves /healthz, /health, /ready and /metrics.

    `/healthz` and `/health` answer anybody; `/health?verbose` and `/metrics` need a sign-in that may `house:read`,
    except that a scraper on the loopback interface, not behind a proxy, may read the metrics without one.
    """

    def __init__(self, house: House) -> None:
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = request_of(scope, receive, send)
        try:
            if request.path == "/healthz":
                await request.reply(200, b"ok", _TEXT)
            elif request.path == "/health":
                await self._health(request)
            elif request.path == "/ready":
                await self._ready(request)
            else:
                await self._metrics(request)
        except Exception as fault:
            await send_error(request, known(fault))

    async def _health(self, request: Request) -> None:
        if request.query.partition("=")[0] != "verbose":
            await request.reply(200, b'{"status":"ok"}' if self._house.is_open else b'{"status":"starting"}')
            return
        await self._admit(request)
        parts = await self._house.health()
        well = self._house.is_open and all(part.well for part in parts)
        shown = {
            "status": "ok" if well else "degraded",
            "version": self._house.version,
            "parts": [asdict(part) for part in parts],
        }
        await request.reply(200, json.dumps(shown, ensure_ascii=False).encode())

    async def _ready(self, request: Request) -> None:
        if not self._house.is_open:
            await request.reply(503, b"not open yet", _TEXT)
            return
        ill = [part for part in await self._house.health() if part.name == "store" and not part.well]
        await request.reply(503 if ill else 200, b"the store does not answer" if ill else b"ready", _TEXT)

    async def _metrics(self, request: Request) -> None:
        if not _is_local(request):
            await self._admit(request)
        await request.reply(200, generate_latest(registry), CONTENT_TYPE_LATEST)

    async def _admit(self, request: Request) -> None:
        caller = await identify(self._house.desk, credential(request.headers)[0])
        if not caller.may(NEEDS):
            if not caller.roles:
                raise Unauthenticated("Sign in first.", cure="Open a sign-in URL (assay url), or send a bearer token.")
            raise Forbidden(f"{caller.name} may not see this.", needs=NEEDS)


def _is_local(request: Request) -> bool:
    """Whether the peer is on the loopback interface and speaks for itself."""
    client = request.scope.get("client")
    if client is None or not {"x-forwarded-for", "forwarded", "x-real-ip", "via"}.isdisjoint(request.headers):
        return False
    try:
        return ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False

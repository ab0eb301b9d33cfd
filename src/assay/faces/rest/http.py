"""The little of HTTP that the REST face needs above ASGI: headers, a limited body, replies."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.types import Receive, Scope, Send

from assay.faces.rest.errors import TooSlow
from assay.kernel.errors import TooLarge

COMPRESS_FROM = 4_096
"""Bytes; a smaller answer is not worth it."""
_OFF_LOOP_FROM = 262_144
_READ = "assay.headers"

Header = tuple[bytes, bytes]


@dataclass(slots=True)
class Request:
    """One HTTP request, its headers by lower-case name (of a repeated one, the last)."""

    scope: Scope
    receive: Receive
    send: Send
    headers: Mapping[str, str]

    @property
    def method(self) -> str:
        """GET, POST…"""
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        """Percent-decoded."""
        return str(self.scope["path"])

    @property
    def raw_path(self) -> str:
        """As it was sent, without the query."""
        raw: bytes | None = self.scope.get("raw_path")
        return raw.decode("latin-1") if raw else self.path

    @property
    def query(self) -> str:
        """The query string, as it was sent."""
        return self.scope["query_string"].decode("latin-1")

    async def body(self, limit: int, within_s: float) -> bytes:
        """Read the body; raise TooLarge over `limit` bytes, TooSlow when it takes longer than `within_s` seconds."""
        declared = self.headers.get("content-length", "")
        if declared.isascii() and declared.isdigit() and int(declared) > limit:
            raise _too_large(limit)
        first = await self._message(within_s)
        if not first.get("more_body"):
            only: bytes = first.get("body", b"")
            if len(only) > limit:
                raise _too_large(limit)
            return only
        return await self._rest(first, limit, within_s)

    async def _rest(self, first: MutableMapping[str, Any], limit: int, within_s: float) -> bytes:
        read, message = bytearray(), first
        loop = asyncio.get_running_loop()
        until = loop.time() + within_s
        while True:
            read += message.get("body", b"")
            if len(read) > limit:
                raise _too_large(limit)
            if not message.get("more_body"):
                return bytes(read)
            message = await self._message(until - loop.time())

    async def _message(self, within_s: float) -> MutableMapping[str, Any]:
        try:
            async with asyncio.timeout(within_s):
                message = await self.receive()
        except TimeoutError:
            raise TooSlow("The request's body did not arrive in time.") from None
        if message["type"] == "http.disconnect":
            raise TooSlow("The request's body did not arrive: the connection was closed.")
        return message

    async def reply(
        self,
        status: int,
        body: bytes,
        kind: str = "application/json",
        headers: Iterable[Header] = (),
        *,
        squeeze: bool = True,
    ) -> None:
        """Send an answer; without the body for HEAD.

        Args:
            squeeze: compress it when it is large and the client takes gzip.
        """
        extra = list(headers)
        if squeeze and len(body) >= COMPRESS_FROM:
            extra.append((b"vary", b"accept-encoding"))
            if "gzip" in self.headers.get("accept-encoding", ""):
                extra.append((b"content-encoding", b"gzip"))
                late = len(body) >= _OFF_LOOP_FROM
                body = await asyncio.to_thread(_squeeze, body) if late else _squeeze(body)
        start = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode()), *extra]
        await self.send({"type": "http.response.start", "status": status, "headers": start})
        await self.send({"type": "http.response.body", "body": b"" if self.method == "HEAD" else body})


def request_of(scope: Scope, receive: Receive, send: Send) -> Request:
    """Make a request of what ASGI gives; the headers are read once, by whoever comes first."""
    headers: dict[str, str] | None = scope.get(_READ)
    if headers is None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        scope[_READ] = headers
    return Request(scope, receive, send, headers)


def _squeeze(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=4, mtime=0)


def _too_large(limit: int) -> TooLarge:
    cure = "ASSAY_BODY_LIMIT_BYTES raises it."
    return TooLarge(f"The request's body is over {limit} bytes.", limit_bytes=limit, cure=cure)

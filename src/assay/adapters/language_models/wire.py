"""Speaks HTTP with a model's server: bounded in size and time, never redirected, retried only where that may help."""

from __future__ import annotations

import asyncio
import json
import random
import re
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

import httpx2

from assay.adapters.language_models.endpoint import Endpoint
from assay.adapters.language_models.reading import mapping
from assay.ports.deadline import Deadline
from assay.ports.errors import AssayError, Invalid, Limited, TimedOut, Unavailable
from assay.ports.secret import Secret

MOST_BYTES = 8 * 1024 * 1024
"""Of one answer, streamed or not."""
LONGEST_S = 600.0
"""Of one answer, for who has no deadline."""
RETRIES = 2
_RETRYABLE = frozenset({408, 429, 500, 502, 503, 504, 529})
_KEYS = re.compile(r"\b(?:sk|pk|key|Bearer)[-_ ][\w*.-]{6,}", re.IGNORECASE)


class Wire:
    """The connection to one endpoint; raises what `ports.language_model.LanguageModel` says."""

    def __init__(self, endpoint: Endpoint, *, headers: Mapping[str, str] | None = None) -> None:
        self.endpoint = endpoint
        self._headers = headers or {}
        self._client: httpx2.AsyncClient | None = None

    async def ask(self, method: str, path: str, deadline: Deadline, body: Mapping[str, Any] | None = None) -> Any:
        """Send, and return the JSON object that comes back."""
        key = await self.endpoint.key()
        async with self._opened(method, path, deadline, body, key) as response:
            read = bytearray()
            async for piece in self._pieces(response, deadline):
                read += piece
        try:
            answer = json.loads(read)
        except (ValueError, RecursionError):
            raise self.lied("its answer is not JSON") from None
        if not isinstance(answer, dict):
            raise self.lied("its answer is no JSON object")
        return cast("dict[str, Any]", answer)

    async def events(self, path: str, deadline: Deadline, body: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any]]:
        """Send, and yield the JSON objects of a stream of server-sent events, until it says that it is done."""
        key = await self.endpoint.key()
        async with self._opened("POST", path, deadline, body, key) as response:
            kind = response.headers.get("content-type", "")
            if "text/event-stream" not in kind:
                raise self.lied("it was asked for a stream, and sent something else")
            rest = b""
            async for piece in self._pieces(response, deadline):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    data = line.removeprefix(b"data:").strip() if line.startswith(b"data:") else b""
                    if data == b"[DONE]":
                        return
                    if data:
                        yield self._event(data, key)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def lied(self, how: str) -> Unavailable:
        """The error for a server that does not speak the protocol."""
        return Unavailable(
            f"{self.endpoint.host} does not speak the protocol: {how}.", cure=f"check {self.endpoint.setting}"
        )

    def _event(self, data: bytes, key: Secret | None) -> dict[str, Any]:
        try:
            event = json.loads(data)
        except (ValueError, RecursionError):
            raise self.lied("a piece of its stream is not JSON") from None
        if not isinstance(event, dict):
            raise self.lied("a piece of its stream is no JSON object")
        found = cast("dict[str, Any]", event)
        if found.get("error"):
            raise Unavailable(f"{self.endpoint.host} broke off.", says=_words(found, key))
        return found

    @asynccontextmanager
    async def _opened(
        self, method: str, path: str, deadline: Deadline, body: Mapping[str, Any] | None, key: Secret | None
    ) -> AsyncGenerator[httpx2.Response]:
        """A response of status 200, its body unread; what may help is tried again while there is time."""
        tried = 0
        while True:
            try:
                response = await self._send(method, path, deadline, body, key)
                break
            except (Limited, Unavailable) as error:
                wait = _wait(error, tried)
                if tried >= RETRIES or wait is None or wait >= deadline.left(LONGEST_S):
                    raise
            tried += 1
            await asyncio.sleep(wait)
        try:
            yield response
        finally:
            await response.aclose()

    async def _send(
        self, method: str, path: str, deadline: Deadline, body: Mapping[str, Any] | None, key: Secret | None
    ) -> httpx2.Response:
        async with self._within(deadline):
            response = await self._connected(method, path, body, key)
            if response.status_code == 200:
                return response
            try:
                said = b""
                async for piece in response.aiter_raw():
                    said += piece
                    if len(said) > 16_384:
                        break
            except httpx2.HTTPError:
                said = b""
            finally:
                await response.aclose()
        raise self._refusal(response, said, key)

    async def _connected(
        self, method: str, path: str, body: Mapping[str, Any] | None, key: Secret | None
    ) -> httpx2.Response:
        """Send to the first address that takes the connection."""
        endpoint = self.endpoint
        if self._client is None:
            limits = httpx2.Limits(max_connections=32, keepalive_expiry=30)
            self._client = httpx2.AsyncClient(
                trust_env=False, follow_redirects=False, timeout=httpx2.Timeout(None), limits=limits,
                verify=ssl.create_default_context() if endpoint.scheme == "https" else False,
            )  # fmt: skip
        headers = {"host": endpoint.authority, "accept-encoding": "identity", **self._headers}
        if key is not None:
            bearer = "Bearer " if endpoint.key_header == "authorization" else ""
            headers[endpoint.key_header] = f"{bearer}{key.reveal()}"
        fault = ""
        for address in await endpoint.addresses():
            literal = f"[{address}]" if ":" in address else address
            request = self._client.build_request(
                method, f"{endpoint.scheme}://{literal}:{endpoint.port}{endpoint.path}{path}", headers=headers,
                json=body, extensions={"sni_hostname": endpoint.host, "timeout": {}},
            )  # fmt: skip
            try:
                return await self._client.send(request, stream=True)
            except httpx2.ConnectError as error:
                fault = "does not take the connection"
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise Unavailable(f"{endpoint.host} shows a certificate that is not trusted, or not its own.",
                                      cure="name its authority in SSL_CERT_FILE") from None  # fmt: skip
            except (httpx2.HTTPError, httpx2.InvalidURL):
                fault = "broke the connection off"
                break
        raise Unavailable(f"{endpoint.host}:{endpoint.port} {fault}.", again=True, cure=f"check {endpoint.setting}")

    async def _pieces(self, response: httpx2.Response, deadline: Deadline) -> AsyncGenerator[bytes]:
        """The body as it comes, each piece within the deadline, all of them within the limit."""
        if response.headers.get("content-encoding", "identity") != "identity":
            raise self.lied("its answer is compressed, which it was asked not to be")
        pieces, total = response.aiter_raw(65_536), 0
        while True:
            async with self._within(deadline):
                try:
                    piece = await anext(pieces)
                except StopAsyncIteration:
                    return
                except httpx2.HTTPError:
                    raise Unavailable(f"{self.endpoint.host} broke off in the middle of its answer.") from None
            total += len(piece)
            if total > MOST_BYTES:
                raise self.lied(f"its answer is longer than {MOST_BYTES:,} bytes")
            yield piece

    @asynccontextmanager
    async def _within(self, deadline: Deadline) -> AsyncGenerator[None]:
        limit = asyncio.timeout(deadline.left(LONGEST_S))
        try:
            async with limit:
                yield
        except TimeoutError:
            if not limit.expired():
                raise
            raise TimedOut(f"{self.endpoint.host} did not answer within its deadline.") from None

    def _refusal(self, response: httpx2.Response, said: bytes, key: Secret | None) -> AssayError:
        status, host, setting = response.status_code, self.endpoint.host, self.endpoint.setting
        try:
            words = _words(json.loads(said), key)
        except (ValueError, RecursionError):
            words = ""
        more = {"http_status": status, **({"says": words} if words else {})}
        if status == 429:
            return Limited(f"{host} takes no more for now.", retry_after=_retry_after(response) or 1.0, **more)
        if status in (401, 403):
            return Unavailable(f"{host} does not let us in: its key is missing or wrong.",
                               cure=f"check the key that belongs to {setting}", **more)  # fmt: skip
        if 300 <= status < 400:
            return Unavailable(f"{host} sent us elsewhere, and redirects are not followed.",
                               cure=f"set {setting} to the address itself", **more)  # fmt: skip
        if status in _RETRYABLE:
            wait = _retry_after(response)
            return Unavailable(f"{host} is not able to answer ({status}).", again=True,
                               **({"retry_after": wait} if wait is not None else {}), **more)  # fmt: skip
        if 400 <= status < 500:
            return Invalid(f"{host} refused the request ({status}).", field="model", **more)
        return Unavailable(f"{host} answered with the status {status}.", **more)


def _words(answer: object, key: Secret | None) -> str:
    """What a server says of its error, without the key it was shown, or anything that looks like one."""
    of = mapping(answer)
    found = mapping(of.get("error")).get("message") or of.get("error") or of.get("message")
    if not isinstance(found, str):
        return ""
    text = found.replace(key.reveal(), "***") if key is not None else found
    return _KEYS.sub("***", text)[:300]


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds that the server asks us to wait, from either form of the header."""
    said = response.headers.get("retry-after")
    if said is None:
        return None
    try:
        return min(max(0.0, float(said)), 86_400.0)
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _wait(error: AssayError, tried: int) -> float | None:
    """Seconds before it is tried again; None: it would not help."""
    if isinstance(error, Limited):
        return error.retry_after
    said = error.details.get("retry_after")
    if isinstance(said, float):
        return said
    return random.uniform(0.1, 0.25) * 2**tried if error.details.get("again") else None  # noqa: S311 - no secret

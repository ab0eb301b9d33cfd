"""The door to an Assay that runs elsewhere: operations asked over REST."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import quote

import httpx2

from assay.faces.loader.door import Door
from assay.faces.loader.house import marked
from assay.kernel.errors import AssayError, Invalid, TimedOut, Unauthenticated, Unavailable, rebuild
from assay.kernel.secret import Secret
from assay.kernel.settings import Settings, read_settings

PATHS = {
    "ask.capabilities": ("GET", "/api/v1/ai/capabilities"),
    "ask.draft": ("POST", "/api/v1/ai/sql:draft"),
    "ask.generate": ("POST", "/api/v1/ai/sql:generate"),
    "ask.status": ("GET", "/api/v1/ai/status"),
    "models.list": ("GET", "/api/v1/models"),
    "models.test": ("POST", "/api/v1/models:test"),
    "sources.connect": ("POST", "/api/v1/sources"),
    "sources.edit": ("PUT", "/api/v1/sources/{id}"),
    "sources.get": ("GET", "/api/v1/sources/{id}"),
}
"""Of the operations that the plugin asks, as the catalogue has them; importing the catalogue would import the house."""
LONGEST_S = 130.0
"""A little more than the slowest operation takes."""
GLANCE_S = 3.0
"""A host waits five seconds to hear whether we are ready."""


class ConfidenceTooLow(AssayError):
    """As ask raises it there."""

    code, status = "CONFIDENCE_TOO_LOW", 422


class SqlRejected(AssayError):
    """As ask raises it there."""

    code, status = "SQL_REJECTED", 422


class RestDoor:
    """Asks a running Assay with a token of it; promises what `door.Door` says."""

    def __init__(self, client: httpx2.AsyncClient, url: str, token: Secret) -> None:
        self._client, self._url, self._token = client, url.rstrip("/"), token

    async def ask(self, operation: str, asked: dict[str, Any], *, timeout_s: float | None = None) -> dict[str, Any]:
        """Ask, and return the answer."""
        method, path = PATHS[operation]
        body = dict(asked)
        if "{id}" in path:
            path = path.format(id=quote(str(body.pop("id")), safe=""))
        response = await self._sent(method, path, body, timeout_s or LONGEST_S)
        try:
            said: object = response.json()
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise Unavailable(f"{self._url} does not answer as Assay does.", cure="check ASSAY_URL")
        answer = cast("dict[str, Any]", said)
        if response.status_code >= 400:
            raise _told(answer)
        return answer

    async def _sent(self, method: str, path: str, body: dict[str, Any], timeout_s: float) -> httpx2.Response:
        try:
            return await self._client.request(
                method, self._url + path, json=body if method != "GET" else None, timeout=timeout_s,
                headers={"authorization": f"Bearer {self._token.reveal()}"},
            )  # fmt: skip
        except httpx2.TimeoutException:
            raise TimedOut(f"{self._url} did not answer in time.") from None
        except httpx2.HTTPError:
            raise Unavailable(f"{self._url} does not answer.", cure="see that it runs, and check ASSAY_URL") from None

    def mark(self, text: str) -> str:
        """Return a mark of a text, keyed with the token."""
        return marked(self._token, text)

    async def well(self) -> str | None:
        """Say why it does not answer us."""
        try:
            return (await self.ask("ask.status", {}, timeout_s=GLANCE_S))["reason"]
        except AssayError as error:
            return error.message


@asynccontextmanager
async def open_door() -> AsyncGenerator[Door]:
    """Make the connection that the settings name; raises Invalid for a setting that is wrong."""
    settings = read_settings()
    token = _token(settings)
    async with httpx2.AsyncClient(trust_env=False, follow_redirects=False) as client:
        yield RestDoor(client, str(settings.url), token)


def validate() -> None:
    """Raise Invalid for a setting that is wrong; nothing is asked."""
    _token(read_settings())


def _token(settings: Settings) -> Secret:
    text = settings.token.get_secret_value() if settings.token else _read(settings)
    if not text.isascii() or not text.isprintable() or not text:
        raise Invalid("ASSAY_TOKEN: it is no token.", field="ASSAY_TOKEN", cure="assay accounts issue")
    return Secret(text)


def _read(settings: Settings) -> str:
    try:
        return settings.token_file.read_text().strip()
    except OSError:
        raise Invalid(
            f"ASSAY_TOKEN: say with which token {settings.url} is asked; there is none in {settings.token_file}.",
            field="ASSAY_TOKEN",
        ) from None


def _told(answer: dict[str, Any]) -> AssayError:
    said = answer.get("error")
    error = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
    found = rebuild(str(error.get("code")), str(error.get("message") or "Assay refused."), error.get("details") or {})
    found.trace_id = error.get("trace_id")
    if isinstance(found, Unauthenticated):  # the host would take it for its own sign-in
        return Unavailable("Assay does not know the token of this plugin.", cure="check ASSAY_TOKEN")
    return found

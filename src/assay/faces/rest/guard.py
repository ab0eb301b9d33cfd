"""What every request must pass before anything looks at it: whose host it names, which page it comes from.

Any web page can reach a loopback port. A rebound DNS name is told by the Host header, a foreign page by Origin and
Sec-Fetch-Site; nothing is ever allowed across origins.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assay.faces.rest.errors import Misdirected
from assay.faces.rest.http import Header, request_of
from assay.faces.rest.respond import send_error
from assay.faces.rest.session import credential
from assay.kernel.errors import AssayError, Forbidden

CSP = (
    "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
PROBES = frozenset({"/healthz", "/ready"})
"""They say nothing but a word, and orchestrators ask them by address."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_HEADERS: tuple[Header, ...] = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_NO_STORE: Header = (b"cache-control", b"no-store")


class Guard:
    """Checks Host, Origin and Sec-Fetch-Site, and adds the security headers to every answer.

    Args:
        hosts: names that this installation goes by, without ports.
        origin: scheme, host and port of the public URL, when a proxy stands before us.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], origin: str | None) -> None:
        self._app = app
        self._hosts = hosts
        self._origin = origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers: list[Header] = list(message.get("headers", ()))
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append(_NO_STORE)
                message["headers"] = [*headers, *_HEADERS]
            await send(message)

        request = request_of(scope, receive, secured)
        try:
            self._check_host(scope, request.headers)
            self._check_origin(request.method, request.headers)
        except AssayError as error:
            await send_error(request, error)
            return
        await self._app(scope, receive, secured)

    def _check_host(self, scope: Scope, headers: Mapping[str, str]) -> None:
        if scope["path"] in PROBES:
            return
        host = headers.get("host", "")
        if _name(host) not in self._hosts or sum(name == b"host" for name, _ in scope["headers"]) != 1:
            cure = "Use one of the names in `known`, or set ASSAY_PUBLIC_URL to the URL that people use."
            raise Misdirected(
                f"This is not {host[:200] or 'a host without a name'}.", known=sorted(self._hosts), cure=cure
            )

    def _check_origin(self, method: str, headers: Mapping[str, str]) -> None:
        safe = method in SAFE
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is not None:
            if safe or origin == self._origin or _authority(origin) == headers.get("host", "").lower():
                return
            raise Forbidden(f"Requests from {origin[:200]} are not answered.", field="Origin")
        if safe or not credential(headers)[1]:
            return
        if site != "same-origin":
            raise Forbidden(
                "A change with the session cookie must say that it comes from our own page.",
                field="Origin", cure="Send an Origin header, or a bearer token instead of the cookie.",
            )  # fmt: skip


def _name(host: str) -> str:
    """Host header without its port: "[::1]:8080" is "[::1]"."""
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.partition(":")[0].lower().rstrip(".")


def _authority(origin: str) -> str | None:
    parts = urlsplit(origin)
    return parts.netloc.lower() if parts.scheme in ("http", "https") and parts.netloc else None


def hosts_of(host: str, public_url: str | None) -> frozenset[str]:
    """Names that an installation goes by."""
    names = {"127.0.0.1", "localhost", "[::1]", _name(f"[{host}]" if host.count(":") > 1 else host)}
    if public_url and (public := urlsplit(public_url).hostname):
        names.add(f"[{public}]" if ":" in public else public)
    return frozenset(names)


def origin_of(public_url: str | None) -> str | None:
    """Scheme, host and port of the public URL, as a browser writes them in Origin."""
    if not public_url:
        return None
    parts = urlsplit(public_url)
    return f"{parts.scheme}://{parts.netloc}".lower()

"""The web page's files: found once, compressed once, cached by browsers for as long as their names are theirs."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from starlette.types import Receive, Scope, Send

from assay.faces.rest.errors import MethodNotAllowed
from assay.faces.rest.http import Header, Request, request_of
from assay.faces.rest.respond import send_error
from assay.faces.shape import known
from assay.kernel.errors import NotFound

NOT_BUILT = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Assay</title>
<h1>Assay runs; its page was not built.</h1>
<p>Build it with <code>make web</code>, then load this again. Meanwhile <a href="/docs">the API is described here</a>,
and the command line does the same: <code>assay --help</code>.</p></html>
"""

_HASHED = re.compile(r"/assets/.+-[A-Za-z0-9_-]{8}\.\w+$")
_FOREVER = b"public, max-age=31536000, immutable"
_CHECK = b"no-cache"
_TYPES = {
    ".js": "text/javascript", ".mjs": "text/javascript", ".woff2": "font/woff2", ".webmanifest": "application/json",
}  # fmt: skip
_CODINGS = ((b"br", "br", ".br"), (b"gzip", "gzip", ".gz"))
_PACKED = frozenset({".woff2", ".woff", ".png", ".jpg", ".webp", ".avif", ".ico"})


@dataclass(frozen=True, slots=True)
class _File:
    stamp: tuple[int, int]
    kind: str
    body: bytes
    etag: bytes
    coding: bytes | None


class Pages:
    """Serves a folder; a path without a file is the page itself, which reads the path.

    Args:
        root: the folder that Vite built; None, or a folder without index.html, is answered with how to build it.
    """

    def __init__(self, root: Path | None) -> None:
        self._root = root.resolve() if root is not None else None
        self._kept: dict[tuple[Path, str], _File] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = request_of(scope, receive, send)
        try:
            await self._serve(request)
        except Exception as fault:
            await send_error(request, known(fault))

    async def _serve(self, request: Request) -> None:
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(f"{request.method} is not possible at {request.path}.", allow="GET, HEAD")
        path = self._find(request.path)
        if path is None:
            await request.reply(503, NOT_BUILT, "text/html; charset=utf-8")
            return
        file = self._read(path, request.headers.get("accept-encoding", ""))
        forever = _HASHED.search(request.path) is not None
        headers: list[Header] = [
            (b"etag", file.etag), (b"cache-control", _FOREVER if forever else _CHECK), (b"vary", b"accept-encoding"),
        ]  # fmt: skip
        if request.headers.get("if-none-match") == file.etag.decode():
            await request.reply(304, b"", file.kind, headers)
            return
        if file.coding is not None:
            headers.append((b"content-encoding", file.coding))
        await request.reply(200, file.body, file.kind, headers, squeeze=False)

    def _find(self, path: str) -> Path | None:
        """The file for a path, inside of the folder; None when there is no page at all."""
        if self._root is None or not (index := self._root / "index.html").is_file():
            return None
        wanted = unquote(path).lstrip("/")
        if wanted and "\x00" not in wanted:
            there = (self._root / wanted).resolve()
            if there.is_relative_to(self._root) and there.is_file():
                return there
        if "." in wanted.rpartition("/")[2] or wanted.startswith(("assets/", "api/", "mcp/")):
            raise NotFound(f"There is nothing at {path}.")
        return index

    def _read(self, path: Path, accepts: str) -> _File:
        coding, name, suffix = next(
            ((c, n, s) for c, n, s in _CODINGS if n in accepts and path.with_name(path.name + s).is_file()),
            (None, "", ""),
        )
        source = path.with_name(path.name + suffix)
        squeeze = coding is None and "gzip" in accepts and path.suffix not in _PACKED
        stat = source.stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
        kept = self._kept.get((source, name or ("gzip" if squeeze else "")))
        if kept is not None and kept.stamp == stamp:
            return kept
        body = source.read_bytes()
        if squeeze:
            body, coding = gzip.compress(body, 9, mtime=0), b"gzip"
        etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'.encode()
        file = _File(stamp, _type_of(path), body, etag, coding)
        self._kept[source, name or ("gzip" if squeeze else "")] = file
        return file


def _type_of(path: Path) -> str:
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") or kind.endswith(("json", "svg+xml")) else kind

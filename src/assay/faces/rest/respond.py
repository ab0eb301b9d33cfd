"""Answers and errors on their way out: status, ETag, Link, Location, Retry-After, the cookie."""

from __future__ import annotations

import json
import math
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode

from assay.faces.refusal import error_json
from assay.faces.rest.errors import MethodNotAllowed, TooSlow
from assay.faces.rest.http import Header, Request
from assay.faces.shape import answer_bytes
from assay.kernel.errors import AssayError, Limited, TooLarge, Unauthenticated
from assay.kernel.jobs import Job
from assay.kernel.operation import Operation
from assay.kernel.telemetry import log

_log = log(__name__)


def limit_headers(error: Limited) -> tuple[Header, ...]:
    """When to come again, and the limit that was met: calls a minute, none left, seconds until there is one."""
    wait = str(max(1, math.ceil(error.retry_after))).encode()
    made: list[Header] = [(b"retry-after", wait)]
    if (limit := error.details.get("per_minute")) is not None:
        made += [
            (b"x-ratelimit-limit", str(limit).encode()),
            (b"x-ratelimit-remaining", b"0"),
            (b"x-ratelimit-reset", wait),
        ]
    return tuple(made)


async def send_error(request: Request, error: AssayError, headers: tuple[Header, ...] = ()) -> None:
    """Send an error in the one shape, with its status."""
    shape = error_json(error)
    extra = list(headers)
    if isinstance(error, Limited):
        extra += limit_headers(error)
    if isinstance(error, Unauthenticated):
        extra.append((b"www-authenticate", b'Bearer realm="assay"'))
    if isinstance(error, MethodNotAllowed):
        extra.append((b"allow", str(error.details["allow"]).encode()))
    if isinstance(error, TooLarge | TooSlow):  # the rest of the body is not read, so the connection is of no more use
        extra.append((b"connection", b"close"))
    if error.status >= 500:
        _log.warning("request failed", path=request.path, code=error.code, reason=error.message, trace=error.trace_id)
    body = json.dumps(shape, ensure_ascii=False).encode()
    await request.reply(error.status, body, headers=extra)


async def send_answer(
    request: Request, operation: Operation, answer: Any, *, without: str | None = None, headers: tuple[Header, ...] = ()
) -> None:
    """Send an answer: 200, or 202 for a job that runs."""
    body = answer_bytes(operation, answer, without=without, by_alias=True)
    extra = list(headers)
    fields: Any = getattr(cast("object", answer).__class__, "model_fields", ())
    if "version" in fields and isinstance(answer.version, int):
        extra.append((b"etag", f'"{answer.version}"'.encode()))
    if "next_cursor" in fields and answer.next_cursor is not None and request.method in ("GET", "HEAD"):
        extra.append((b"link", _next(request, answer.next_cursor)))
    if operation.effect == "job" and isinstance(answer, Job):
        extra.append((b"location", f"/api/v1/jobs/{answer.id}".encode()))
        await request.reply(202, body, headers=extra)
        return
    await request.reply(200, body, headers=extra)


def _next(request: Request, cursor: str) -> bytes:
    pairs = [(name, value) for name, value in parse_qsl(request.query, keep_blank_values=True) if name != "cursor"]
    query = urlencode([*pairs, ("cursor", cursor)])
    return f'<{request.raw_path}?{query}>; rel="next"'.encode("latin-1")

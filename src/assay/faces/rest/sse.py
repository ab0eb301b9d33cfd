"""Server-sent events: a stream's items as they come, kept alive, ended when nobody listens or the server stops."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from assay.faces.refusal import error_json
from assay.faces.rest.http import Header, Request
from assay.faces.shape import known
from assay.kernel.jobs import Job
from assay.kernel.operation import Operation

KEEP_ALIVE_S = 15.0
FIRST_S = 0.5
"""So long the first item may take before the headers go out: an error until then is answered with its status."""

_HEADERS: tuple[Header, ...] = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)


async def send_stream(
    request: Request, operation: Operation, items: AsyncIterator[Any], closing: asyncio.Event
) -> None:
    """Send a stream's items; raises what its first item raises, when that comes within FIRST_S.

    Args:
        closing: set when the server stops: streams end then, so that it can.
    """
    ears = [asyncio.ensure_future(_gone(request)), asyncio.ensure_future(closing.wait())]
    coming = asyncio.ensure_future(_next(items))
    try:
        await asyncio.wait([coming], timeout=FIRST_S)
        if coming.done() and (fault := coming.exception()) is not None:
            raise fault
        await request.send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
        if request.method == "HEAD":
            await request.send({"type": "http.response.body", "body": b""})
            return
        await _write(request, b": open\n\n")
        count = 0
        while not any(ear.done() for ear in ears):
            await asyncio.wait([coming, *ears], timeout=KEEP_ALIVE_S, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                if not any(ear.done() for ear in ears):
                    await _write(request, b": still here\n\n")
                continue
            count += 1
            more, text = _event(operation, coming, count)
            await _write(request, text)
            if not more:
                break
            coming = asyncio.ensure_future(_next(items))
        await request.send({"type": "http.response.body", "body": b""})
    finally:
        await _stop([coming, *ears])
        if (close := getattr(items, "aclose", None)) is not None:
            await close()


async def _next(items: AsyncIterator[Any]) -> tuple[Any] | None:
    """The next item in a tuple, None at the end: a future cannot hold StopAsyncIteration."""
    try:
        return (await anext(items),)
    except StopAsyncIteration:
        return None


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _stop(tasks: list[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task


async def _write(request: Request, text: bytes) -> None:
    await request.send({"type": "http.response.body", "body": text, "more_body": True})


def _event(operation: Operation, coming: asyncio.Future[tuple[Any] | None], count: int) -> tuple[bool, bytes]:
    """Whether more may come, and the event's text."""
    fault = coming.exception()
    if fault is not None:
        return False, _text("error", str(count), json.dumps(error_json(known(fault)), ensure_ascii=False).encode())
    got = coming.result()
    if got is None:
        return False, _text("end", str(count), b"{}") if operation.answers is not Job else b""
    item = got[0]
    name, id = "item", getattr(item, "id", None)
    if isinstance(item, Job):
        name, id = ("end" if item.ended else "progress"), f"{item.id}.{item.version}.{count}"
    return True, _text(name, id if isinstance(id, str) else str(count), operation.answer.dump_json(item, by_alias=True))


def _text(name: str, id: str, data: bytes) -> bytes:
    safe = id.replace("\n", "").replace("\r", "").replace("\x00", "")
    return f"id: {safe}\nevent: {name}\ndata: ".encode() + data + b"\n\n"

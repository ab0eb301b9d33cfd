"""One request on its way through: found, read, asked of the house, answered."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from starlette.types import Receive, Scope, Send

from assay.faces.admit import admit
from assay.faces.families import shapes
from assay.faces.rest.http import Header, Request, request_of
from assay.faces.rest.question import question
from assay.faces.rest.respond import send_answer, send_error
from assay.faces.rest.routes import Routes
from assay.faces.rest.session import SIGN_IN, SIGN_OUT, clear_cookie, credential, set_cookie
from assay.faces.rest.shapes import serve_shape
from assay.faces.rest.sse import send_stream
from assay.faces.shape import known
from assay.faces.trace import under
from assay.kernel.errors import AssayError, Invalid, Unauthenticated
from assay.kernel.house import House
from assay.kernel.jobs import Job
from assay.kernel.operation import Operation

MOST_WAIT_S = 60.0

_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,6})")


class Endpoint:
    """Serves everything under /api/.

    Args:
        closing: set when the server stops; open streams end then.
    """

    def __init__(self, house: House, closing: asyncio.Event) -> None:
        self._house = house
        self._shapes = {shape.record.name: shape for shape in shapes(house.catalogue)}
        self._routes = Routes([*house.catalogue, *(shape.record for shape in self._shapes.values())])
        self._closing = closing
        self._secure = (house.settings.public_url or "").startswith("https:")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; every failure leaves in the one shape."""
        request = request_of(scope, receive, send)
        try:
            with under(request.headers.get("traceparent")):
                await self._serve(request)
        except Exception as fault:
            await send_error(request, known(fault))

    async def _serve(self, request: Request) -> None:
        if request.method == "OPTIONS":
            await self._options(request)
            return
        operation, path = self._routes.find(request.method, request.path, request.raw_path)
        shape = self._shapes.get(operation.name)
        try:
            meant = self._house.catalogue.find(shape.of) if shape else operation
            caller = await admit(self._house, meant, credential(request.headers)[0])
        except Unauthenticated as error:
            stale = credential(request.headers)[1]
            await send_error(request, error, (clear_cookie(secure=self._secure),) if stale else ())
            return
        asked = await question(request, operation, path, self._house.settings.body_limit_bytes)
        if operation.effect == "stream":
            items = self._house.stream(operation.name, asked, caller=caller)
            await send_stream(request, operation, items, self._closing)
            return
        key = _key(request) if request.method == "POST" else None
        if shape is not None:
            await serve_shape(self._house, request, shape, asked, caller, key)
            return
        answer = await self._house.call(operation.name, asked, caller=caller, key=key)
        if isinstance(answer, Job) and operation.effect == "job":
            await self._answer_job(request, operation, answer)
        else:
            await self._answer(request, operation, answer)

    async def _options(self, request: Request) -> None:
        try:
            self._routes.find("OPTIONS", request.path, request.raw_path)
        except AssayError as error:
            if "allow" not in error.details:
                raise
            await request.reply(204, b"", headers=[(b"allow", str(error.details["allow"]).encode())])

    async def _answer(self, request: Request, operation: Operation, answer: Any) -> None:
        headers: tuple[Header, ...] = ()
        without = None
        if operation.name == SIGN_IN:
            without = "session"
            days = self._house.settings.keep_sessions_days
            headers = (set_cookie(answer.session, days=days, secure=self._secure),)
        elif operation.name == SIGN_OUT:
            headers = (clear_cookie(secure=self._secure),)
        await send_answer(request, operation, answer, without=without, headers=headers)

    async def _answer_job(self, request: Request, operation: Operation, job: Job) -> None:
        """Answer 202 at once, or, as `Prefer: wait=N` asks, with the result when it comes within N seconds."""
        prefer = _WAIT.search(request.headers.get("prefer", ""))
        if prefer is None:
            await send_answer(request, operation, job)
            return
        wait = min(float(prefer[1]), MOST_WAIT_S)
        try:
            async with asyncio.timeout(wait):
                async for state in self._house.follow(job):
                    job = state
        except TimeoutError:
            pass
        applied = ((b"preference-applied", f"wait={wait:.0f}".encode()),)
        answer = self._house.result(job) if job.ended else job
        await send_answer(request, operation, answer, headers=applied)


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= 200 and key.isprintable()):
        raise Invalid("Idempotency-Key: 1 to 200 printable characters.", field="Idempotency-Key")
    return key

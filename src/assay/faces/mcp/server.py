"""The MCP server of a house: tools from the record, answers and errors in the house's own shapes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any, cast

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel

from assay.faces.refusal import error_json
from assay.faces.shape import answer_json, known
from assay.faces.tools import MOST_ITEMS, MOST_SECONDS, Collected, offered, tool, tool_name
from assay.faces.trace import under
from assay.kernel.assayed import claims
from assay.kernel.call import identify
from assay.kernel.errors import AssayError
from assay.kernel.house import House
from assay.kernel.jobs import Job
from assay.kernel.operation import Operation
from assay.kernel.secret import Secret

Ctx = ServerRequestContext[Any, Any]
Shown = Callable[[Ctx], Secret | None]
"""Finds the credential of a request."""

MOST_TEXT = 32_768
"""Characters of an answer that are also given as text; a longer one is in the structured content only."""

INSTRUCTIONS = (
    "Assay works on engineering operations. Every claim carries a verdict (assayed, estimate, withheld, stale, failed) "
    "and ids of evidence: repeat both when you pass a claim on, and never show a withheld claim as advice."
)


class Tools:
    """Lists and calls the tools of one house, for whoever a request shows to be."""

    def __init__(self, house: House, shown: Shown) -> None:
        self._house = house
        self._shown = shown
        self._operations = {tool_name(operation): operation for operation in offered(house.catalogue)}
        self._tools = {name: types.Tool.model_validate(tool(operation)) for name, operation in self._operations.items()}

    async def list(self, ctx: Ctx, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        """List the tools that the caller may use."""
        try:
            caller = await identify(self._house.desk, self._shown(ctx))
        except AssayError as error:
            raise MCPError(types.INVALID_REQUEST, error.message, error_json(error)["error"]) from None
        allowed = [made for name, made in self._tools.items() if caller.may(self._operations[name].needs)]
        return types.ListToolsResult(tools=allowed)

    async def call(self, ctx: Ctx, params: types.CallToolRequestParams) -> types.CallToolResult:
        """Call one tool; a job is waited for, its progress told. Errors are answers, so that a model can read them."""
        operation = self._operations.get(params.name)
        if operation is None:
            raise MCPError(
                types.INVALID_PARAMS, f"There is no tool {params.name!r}.", {"known": sorted(self._operations)}
            )
        headers: Any = getattr(ctx.request, "headers", None)
        try:
            with under(headers.get("traceparent") if headers else None):
                answer = await self._ask(ctx, operation, params.arguments or {})
        except Exception as fault:
            shape = error_json(known(fault))
            return types.CallToolResult(content=_text(json.dumps(shape)), structured_content=shape, is_error=True)
        return _result(operation, answer)

    async def _ask(self, ctx: Ctx, operation: Operation, asked: dict[str, Any]) -> Any:
        credential = self._shown(ctx)
        body = json.dumps(asked).encode()
        if operation.effect == "stream":
            return await self._collect(ctx, operation, body, credential)
        answer = await self._house.call(operation.name, body, credential=credential)
        if operation.effect == "job":
            return await self._wait(ctx, answer, credential)
        return answer

    async def _wait(self, ctx: Ctx, job: Job, credential: Secret | None) -> Any:
        """Follow a job and tell its progress; whoever stops waiting for the tool stops the job."""
        told = 0
        try:
            async for state in self._house.follow(job):
                job, told = state, told + 1
                of = f" ({job.done} of {job.total})" if job.total else ""
                await ctx.session.report_progress(told, None, f"{job.step}{of}")
        except BaseException:
            if not job.ended:
                await _stop(self._house, job, credential)
            raise
        return self._house.result(job)

    async def _collect(self, ctx: Ctx, operation: Operation, body: bytes, credential: Secret | None) -> Collected:
        """Take what a stream gives in MOST_SECONDS, at most MOST_ITEMS."""
        items: list[Any] = []
        stream = self._house.stream(operation.name, body, credential=credential)
        limit = asyncio.timeout(MOST_SECONDS)
        try:
            async with limit:
                async for item in stream:
                    items.append(operation.answer.dump_python(item, mode="json"))
                    if len(items) == MOST_ITEMS:
                        return Collected(items=tuple(items), ended=False)
                    await ctx.session.report_progress(len(items), None, None)
        except TimeoutError:
            if not limit.expired():
                raise
            return Collected(items=tuple(items), ended=False)
        finally:
            if (close := getattr(stream, "aclose", None)) is not None:
                await close()
        return Collected(items=tuple(items), ended=True)


async def _stop(house: House, job: Job, credential: Secret | None) -> None:
    """Cancel a job although this task is being cancelled itself."""
    stopping = asyncio.ensure_future(house.call("jobs.cancel", {"id": job.id}, credential=credential))
    stopping.add_done_callback(lambda done: done.cancelled() or done.exception())
    _STOPPING.add(stopping)
    stopping.add_done_callback(_STOPPING.discard)


_STOPPING: set[asyncio.Future[Any]] = set()
"""Cancellations on their way: the loop itself keeps no reference to a task."""


def _result(operation: Operation, answer: Any) -> types.CallToolResult:
    shape: Any = answer.model_dump(mode="json") if isinstance(answer, Collected) else answer_json(operation, answer)
    structured = cast("dict[str, Any]", shape) if isinstance(shape, dict) else {"answer": shape}
    text = json.dumps(structured, ensure_ascii=False)
    content = _text(" ".join(_sentences(operation, answer)))
    content += _text(text) if len(text) <= MOST_TEXT else _text("The whole answer is in the structured content.")
    return types.CallToolResult(content=content, structured_content=structured)


def _sentences(operation: Operation, answer: Any) -> Iterator[str]:
    """A few words about an answer: how many items, and how far its claims were checked."""
    yield operation.summary
    items: Any = getattr(answer, "items", None)
    if isinstance(items, tuple):
        total: int | None = getattr(answer, "total", None)
        items = cast("tuple[object, ...]", items)
        yield f"{len(items)} items." if total is None else f"{len(items)} of {total}."
    verdicts = [claim.verdict.value for claim in claims(answer)] if isinstance(answer, BaseModel) else []
    if verdicts:
        counted = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in sorted(set(verdicts)))
        yield f"Claims: {counted}."


def _text(text: str) -> list[types.ContentBlock]:
    return [types.TextContent(text=text)]


def make(house: House, shown: Shown) -> Server[Any]:
    """Make the SDK's server of a house; the SDK does the protocol, the record does the rest."""
    own = Tools(house, shown)
    return Server(
        "assay", version=house.version, title="Assay", instructions=INSTRUCTIONS,
        on_list_tools=own.list, on_call_tool=own.call,
    )  # fmt: skip

"""The catalogue as MCP tools: every operation that says in which situation to use it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from assay.kernel.catalogue import Catalogue
from assay.kernel.operation import Operation
from assay.kernel.values import Value

MOST_ITEMS = 100
"""A tool cannot go on for ever: of a stream it gives so many items, or those of MOST_SECONDS."""
MOST_SECONDS = 20.0


class Collected(Value):
    """Items of a stream, as a tool answers with them."""

    items: tuple[Any, ...]
    ended: bool
    """False: there was more, or more may come."""


def tool_name(operation: Operation) -> str:
    """Dots are not allowed everywhere: workload.scan is workload_scan."""
    return operation.name.replace(".", "_")


def offered(catalogue: Catalogue) -> Iterable[Operation]:
    """Operations that are tools, by name."""
    return sorted((one for one in catalogue if one.when is not None), key=lambda one: one.name)


def tools(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Describe every tool, as MCP's tools/list does."""
    return [tool(operation) for operation in offered(catalogue)]


def tool(operation: Operation) -> dict[str, Any]:
    """Describe one tool."""
    writes = operation.effect in ("write", "job") and operation.http.method != "GET"
    return {
        "name": tool_name(operation),
        "title": f"{operation.room}: {operation.verb.replace('_', ' ')}",
        "description": f"{operation.doc}\n\nUse it when {operation.when}.",
        "inputSchema": _object(operation.question.json_schema(by_alias=False, mode="validation")),
        "outputSchema": _output(operation),
        "annotations": {
            "readOnlyHint": not writes,
            "destructiveHint": operation.http.method == "DELETE",
            "idempotentHint": not writes or operation.http.method in ("PUT", "DELETE"),
            "openWorldHint": False,
        },
    }


def _output(operation: Operation) -> dict[str, Any]:
    if operation.effect != "stream":
        return _object(operation.answer.json_schema(by_alias=False, mode="serialization"))
    item = operation.answer.json_schema(by_alias=False, mode="serialization")
    shared = item.pop("$defs", {})
    made: dict[str, Any] = {
        "type": "object",
        "properties": {"items": {"type": "array", "items": item}, "ended": {"type": "boolean"}},
        "required": ["items", "ended"],
    }
    return {**made, "$defs": shared} if shared else made


def _object(schema: dict[str, Any]) -> dict[str, Any]:
    """Put an object at the root, as MCP wants it, also for a type that refers to itself."""
    reference = schema.get("$ref")
    if isinstance(reference, str):
        shared: dict[str, Any] = schema["$defs"]
        return {**shared[reference.rpartition("/")[2]], "$defs": shared}
    if schema.get("type") != "object":
        shared = schema.pop("$defs", {})
        wrapped: dict[str, Any] = {"type": "object", "properties": {"answer": schema}, "required": ["answer"]}
        return {**wrapped, "$defs": shared} if shared else wrapped
    return schema

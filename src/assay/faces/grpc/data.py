"""DataServer.Query and Runner.CallAI: statements for stores, prompts for AI plugins, in the words of atest's host."""

from __future__ import annotations

from assay.faces.families import shapes
from assay.faces.grpc.asking import Asking, Json
from assay.faces.grpc.sql import verdict
from assay.kernel.call import validate
from assay.kernel.errors import AssayError
from assay.wire import server_pb2 as wire

STORE = "x-store-name"
"""In the metadata: which store is meant; without it, this program itself."""
_CALL_AI = "plugins.call_ai"


async def query(call: Asking, request: wire.DataQuery) -> wire.DataQueryResult:
    """Send a statement to a store, or a question in words to an AI plugin or to this program."""
    return result(await call.ask("plugins.query", lambda: question(request, call.said.get(STORE, ""))))


async def call_ai(call: Asking, request: wire.AIRequest) -> wire.AIResponse:
    """Answer a prompt as atest's host does: a failure has the status OK, and `success` is false."""
    shape = next(one for one in shapes(call.house.catalogue) if one.record.name == _CALL_AI)
    await call.admit(shape.of)  # who may not ask is refused, though
    asked = validate(shape.record, {field.name: value for field, value in request.ListFields()})
    try:
        said = shape.out(asked, await call.ask(shape.of, lambda: shape.into(asked)))
    except AssayError as error:
        if shape.failed is None:
            raise
        said = shape.failed(error)
    return wire.AIResponse(content=said.content, meta=said.meta, success=said.success, error=said.error)


def question(request: wire.DataQuery, store: str) -> Json:
    """Return a message as the operation's question, every field of it."""
    return {
        "type": request.type, "key": request.key, "sql": request.sql, "offset": request.offset, "limit": request.limit,
        "natural_language": request.natural_language, "database_type": request.database_type,
        "explain_query": request.explain_query, "ai_context": dict(request.ai_context), "store": store,
    }  # fmt: skip


def result(answer: Json) -> wire.DataQueryResult:
    """Return the message for what a query gave."""
    meta, info = answer["meta"], answer["ai_info"]
    return wire.DataQueryResult(
        data=answer["data"],
        items=answer["items"],
        meta=wire.DataMeta(
            databases=meta["databases"], tables=meta["tables"], currentDatabase=meta["current_database"],
            duration=meta["duration"], labels=meta["labels"],
        ),
        ai_info={**info, "verdict": verdict(info)} if info else None,
    )  # fmt: skip

"""GenerateSQL and ValidateSQL: messages become questions of ask, and its answers become messages."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from assay.faces.grpc.asking import Asking, Json
from assay.faces.rows import result_of
from assay.kernel.errors import Invalid
from assay.wire import server_pb2 as wire

_CONTEXT = {"database_key": "store", "database_type": "dialect"}
"""Keys of the context that are read, and what of the target they name where it does not."""


async def generate_sql(call: Asking, request: wire.GenerateSQLRequest) -> wire.GenerateSQLResponse:
    """Answer a question in words with SQL."""
    return generated(request, await call.ask("ask.generate", lambda: question(request)))


async def validate_sql(call: Asking, request: wire.ValidateSQLRequest) -> wire.ValidateSQLResponse:
    """Say whether SQL may run."""
    asked = {"sql": request.sql, "store": request.database_key or None, "dialect": request.database_type or None}
    return validated(await call.ask("ask.validate", lambda: asked))


def question(request: wire.GenerateSQLRequest) -> Json:
    """Return a message as the operation's question; what that has no word for, the operation refuses by name."""
    named = {_CONTEXT[key]: value for key, value in request.context.items() if key in _CONTEXT and value}
    options = _given(request.options)
    options.pop("explain", None)  # heeded in the answer
    if options.pop("read_only", True) is False:
        raise Invalid("options.read_only: SQL only reads here.", field="options.read_only", cure="leave it out")
    if options.pop("dry_run", False):
        if "execute" in options:
            raise Invalid("options.execute: nothing is run in a dry run.", field="options.execute")
        options["consult_rows"] = False
    return {
        "natural_language": request.natural_language,
        "database_target": {**named, **_given(request.database_target)},
        "options": options,
    }


def generated(request: wire.GenerateSQLRequest, answer: Json) -> wire.GenerateSQLResponse:
    """Return the message for SQL that was generated."""
    explained = request.options.explain or not request.options.HasField("explain")
    explanation = "; ".join(one["says"] for one in answer["explanation"]) if explained else ""
    suggestions = [one["says"] for one in answer["alternatives"]]
    unread = [f"context.{key} was not read" for key in sorted(request.context) if key not in _CONTEXT]
    info = wire.AIProcessingInfo(
        ai_processed=True, generated_sql=answer["sql"], explanation=explanation, suggestions=suggestions,
        confidence_score=answer["confidence"], model_used=answer["model"],
        processing_time_ms=round(answer["took_ms"]), request_id=answer["id"],
        provider=answer["model"].partition(":")[0], warnings=[*answer["warnings"], *unread],
        verdict=verdict(answer), evidence=answer["evidence"], missing=answer["missing"],
        findings=_passed(answer["checks"]), dialect=answer["dialect"],
    )  # fmt: skip
    return wire.GenerateSQLResponse(
        success=True, generated_sql=answer["sql"], explanation=explanation, suggestions=suggestions,
        confidence_score=answer["confidence"], model_used=answer["model"], ai_info=info,
        result=result_of(answer["rows"], answer["sql"], answer["rows"]["took_ms"]) if answer["rows"] else None,
    )  # fmt: skip


def validated(answer: Json) -> wire.ValidateSQLResponse:
    """Return the message for SQL that was checked."""
    levels = {"error": wire.FINDING_LEVEL_ERROR, "warning": wire.FINDING_LEVEL_WARNING}
    issues = [
        wire.SQLFinding(level=levels[one["level"]], code=one["code"], message=one["message"])
        for one in answer["issues"]
    ]
    return wire.ValidateSQLResponse(
        is_valid=answer["is_valid"], errors=answer["errors"], warnings=answer["warnings"],
        optimized_sql=answer["optimized_sql"], metadata=answer["metadata"], verdict=verdict(answer),
        evidence=answer["evidence"], missing=answer["missing"], findings=[*issues, *_passed(answer["checks"])],
    )  # fmt: skip


def verdict(answer: Json) -> str:
    """Return how far a claim was checked, as the enum names it."""
    return f"VERDICT_{answer['verdict'].upper()}"


def _passed(checks: list[Json]) -> list[wire.SQLFinding]:
    return [
        wire.SQLFinding(level=wire.FINDING_LEVEL_INFO, code=one["name"], message=one["detail"] or "passed")
        for one in checks
        if one["passed"]
    ]


def _given(message: Message) -> dict[str, Any]:
    """The fields that a message has; a float of 32 bits is the shortest number that it can stand for, 0.7."""
    return {
        field.name: float(f"{value:.7g}") if isinstance(value, float) else value
        for field, value in message.ListFields()
    }

"""What is asked of operations over gRPC, and what their answers say, for who compares it with the other faces.

Messages are made from a question's fields, and read back into fields of the operation's answer: as many of them as
the message has a place for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import Message

from assay.wire import server_pb2 as wire

Fields = dict[str, Any]


def _verdict(message: Any) -> Fields:
    verdict = wire.Verdict.Name(message.verdict).removeprefix("VERDICT_").lower()
    return {"verdict": verdict, "evidence": list(message.evidence), "missing": list(message.missing)}


def _generated(said: wire.GenerateSQLResponse) -> Fields:
    info = said.ai_info
    return {
        "sql": said.generated_sql, "model": said.model_used, "dialect": info.dialect, "warnings": list(info.warnings),
        "confidence": round(said.confidence_score, 4), **_verdict(info),
    }  # fmt: skip


def _validated(said: wire.ValidateSQLResponse) -> Fields:
    levels = {wire.FINDING_LEVEL_ERROR: "error", wire.FINDING_LEVEL_WARNING: "warning"}
    issues = [
        {"code": one.code, "level": levels[one.level], "message": one.message}
        for one in said.findings
        if one.level in levels
    ]
    return {
        "is_valid": said.is_valid, "errors": list(said.errors), "warnings": list(said.warnings), "issues": issues,
        "optimized_sql": said.optimized_sql or None, "metadata": dict(said.metadata), **_verdict(said),
    }  # fmt: skip


def _status(said: wire.AIStatus) -> Fields:
    return {
        "available": said.available, "reason": said.reason or None, "current_model": said.current_model,
        "supported_models": list(said.supported_models), "supported_databases": list(said.supported_databases),
        "calibrated_on": said.calibrated_on, "capabilities": dict(said.capabilities), "version": said.version,
        "last_health_check": said.last_health_check,
    }  # fmt: skip


def _capabilities(said: wire.AICapabilitiesResponse) -> Fields:
    more = said.capabilities
    return {
        "databases": list(more.supported_databases), "features": list(said.features), "models": list(said.models),
        "limits": dict(more.limits), "version": said.version,
    }  # fmt: skip


def _result(said: wire.DataQueryResult) -> Fields:
    meta = said.meta
    return {
        "data": _pairs(said.data), "items": [{"data": _pairs(row.data)} for row in said.items],
        "meta": {"databases": list(meta.databases), "tables": list(meta.tables), "duration": meta.duration,
                 "current_database": meta.currentDatabase, "labels": _pairs(meta.labels)},
    }  # fmt: skip


def _pairs(pairs: Any) -> list[Fields]:
    return [{"key": one.key, "value": one.value, "description": one.description} for one in pairs]


def _menus(said: wire.MenuList) -> Fields:
    return {"data": [{name: getattr(one, name) for name in ("name", "index", "icon", "version")} for one in said.data]}


def _page(said: wire.CommonResult) -> Fields:
    return {"success": said.success, "message": said.message}


def _plugin(said: wire.AICapabilitiesResponse) -> Fields:
    return {"models": list(said.models), "features": list(said.features), "description": said.description,
            "version": said.version, "success": said.success, "error": said.error}  # fmt: skip


def _reply(said: wire.AIResponse) -> Fields:
    return {"content": said.content, "meta": said.meta}


SPOKEN: dict[str, tuple[type[Message], Callable[[Any], Fields]]] = {
    "ask.generate": (wire.GenerateSQLRequest, _generated),
    "ask.validate": (wire.ValidateSQLRequest, _validated),
    "ask.status": (wire.Empty, _status),
    "ask.capabilities": (wire.AICapabilitiesRequest, _capabilities),
    "plugins.capabilities": (wire.AICapabilitiesRequest, _plugin),
    "plugins.generate": (wire.AIRequest, _reply),
    "plugins.query": (wire.DataQuery, _result),
    "plugins.menus": (wire.Empty, _menus),
    "plugins.page_js": (wire.SimpleName, _page),
    "plugins.page_css": (wire.SimpleName, _page),
}
"""By operation: the message that asks, and how the one that answers is read."""
_OTHERWISE = {"store": "database_key", "dialect": "database_type"}


def message_of(operation: str, asked: Mapping[str, Any]) -> tuple[Message, tuple[tuple[str, str], ...]] | None:
    """The message for a question, and its metadata; None where no message can say it."""
    said: tuple[tuple[str, str], ...] = ()
    fields = dict(asked)
    if operation == "plugins.query" and "store" in fields:
        said = (("x-store-name", fields.pop("store")),)
    if operation == "ask.validate":
        fields = {_OTHERWISE.get(name, name): value for name, value in fields.items()}
    try:
        return SPOKEN[operation][0](**fields), said
    except (TypeError, ValueError):
        return None


def as_texts(details: Mapping[str, Any]) -> dict[str, str]:
    """Details of an error as ErrorInfo has them."""
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in details.items()
        if value is not None
    }

"""Answers as atest reads them: pairs of the older protocol, and `ai_info` for who knows it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from assay.faces.rows import result_of
from assay.kernel.errors import AssayError
from assay.wire import server_pb2 as wire

Json = Mapping[str, Any]
API = "v1"


def pairs(**said: object) -> wire.DataQueryResult:
    """A reply of pairs: truth as "true" and "false", whatever is no text as JSON."""
    found = {"api_version": API, **said}
    return wire.DataQueryResult(data=[wire.Pair(key=key, value=_text(value)) for key, value in found.items()])


def answered(sql: Json, *, typed: bool, explain: bool, warnings: tuple[str, ...]) -> wire.DataQueryResult:
    """The reply to a question that was answered.

    Args:
        sql: the answer, as REST writes it.
        typed: whether SQL is sent plainly; the older protocol has it after "sql:", the explanation after a new line.
        explain: whether the explanation is sent.
        warnings: of ours, besides those of the answer.
    """
    words = explanation_of(sql) if explain else ""
    warned = [*sql["warnings"], *warnings]
    others = [one["says"] for one in sql["alternatives"]]
    meta = {
        "confidence": sql["confidence"], "model": sql["model"], "dialect": sql["dialect"], "verdict": sql["verdict"],
        "evidence": sql["evidence"], "missing": sql["missing"], "explanation": words, "warnings": warned,
        "suggestions": others, "took_ms": sql["tookMs"],
    }  # fmt: skip
    reply = pairs(
        generated_sql=sql["sql"] if typed else f"sql:{sql['sql']}\nexplanation:{words}",
        content=sql["sql"], explanation=words, success=True, meta=meta,
    )  # fmt: skip
    reply.ai_info.CopyFrom(wire.AIProcessingInfo(
        ai_processed=True, generated_sql=sql["sql"], explanation=words, suggestions=others,
        confidence_score=sql["confidence"], model_used=sql["model"], provider=str(sql["model"]).partition(":")[0],
        processing_time_ms=round(sql["tookMs"]), request_id=sql.get("id", ""), warnings=warned,
        verdict=verdict_of(sql["verdict"]), evidence=sql["evidence"], missing=sql["missing"], dialect=sql["dialect"],
    ))  # fmt: skip
    if rows := sql.get("rows"):
        reply.MergeFrom(result_of(rows, sql["sql"], rows["tookMs"]))
    return reply


def unanswered(error: AssayError, code: str) -> wire.DataQueryResult:
    """The reply to a question that was understood, and has no answer that may be shown."""
    details = json.loads(json.dumps(dict(error.details), default=str))
    meta = {"error_code": code, "details": details, "suggestions": error.suggestions, "trace_id": error.trace_id}
    reply = pairs(success=False, error=error.message, error_code=code, meta=meta)
    reply.ai_info.CopyFrom(wire.AIProcessingInfo(
        ai_processed=True, verdict=verdict_of("withheld"), suggestions=error.suggestions,
        confidence_score=float(details.get("confidence") or 0.0), warnings=[error.message],
    ))  # fmt: skip
    return reply


def explanation_of(sql: Json) -> str:
    """What each clause does, in one sentence."""
    return "; ".join(clause["says"] for clause in sql["explanation"])


def verdict_of(name: str) -> Any:
    """A verdict as the wire has it."""
    return wire.Verdict.Value(f"VERDICT_{name.upper()}")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

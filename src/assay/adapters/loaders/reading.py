"""Messages of the wire as the values of the port, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

from assay.ports.errors import Invalid
from assay.ports.loader import AiCapabilities, AiInfo, DataMeta, DataQuery, DataResult, Finding, Pair, PluginVerdict
from assay.wire import server_pb2 as wire

_VERDICTS: dict[int, PluginVerdict] = {1: "assayed", 2: "estimate", 3: "withheld", 4: "stale", 5: "failed"}
_LEVELS: dict[int, Any] = {1: "info", 2: "warning", 3: "error"}


def query(asked: DataQuery) -> wire.DataQuery:
    """Return the message for a query; raises Invalid for what no message can hold."""
    try:
        return wire.DataQuery(
            type=asked.type, key=asked.key, sql=asked.sql, offset=asked.offset, limit=asked.limit,
            natural_language=asked.natural_language, database_type=asked.database_type,
            explain_query=asked.explain_query, ai_context=asked.ai_context,
        )  # fmt: skip
    except ValueError:
        cure = "send Unicode text, and numbers of at most 63 bits"
        raise Invalid("The query holds a number or a text that cannot be sent.", field="query", cure=cure) from None


def page(index: str) -> wire.SimpleName:
    """Return the message that names a page; raises Invalid for a name that is no text."""
    try:
        return wire.SimpleName(name=index)
    except ValueError:
        raise Invalid("The name of the page is not Unicode text.", field="index") from None


def result(reply: bytes) -> DataResult:
    """Return what a query gave; raises DecodeError for what is no answer to one."""
    read = wire.DataQueryResult.FromString(reply)
    meta = read.meta
    return DataResult(
        data=_pairs(read.data),
        items=tuple(_pairs(row.data) for row in read.items),
        meta=DataMeta(
            tuple(meta.databases), tuple(meta.tables), meta.currentDatabase, meta.duration, _pairs(meta.labels)
        ),
        ai_info=_info(read.ai_info) if read.HasField("ai_info") else None,
    )


def capabilities(reply: wire.AICapabilities) -> AiCapabilities:
    """Return what a plugin that knows the call says of itself."""
    return AiCapabilities(
        available=reply.available, supported_databases=tuple(reply.supported_databases),
        supported_models=tuple(reply.supported_models), default_model=reply.default_model,
        settings=dict(reply.settings), plugin_version=reply.plugin_version, features=tuple(reply.features),
        description=reply.description, limits=dict(reply.limits), health=dict(reply.health),
    )  # fmt: skip


def older_capabilities(said: Mapping[str, str]) -> AiCapabilities | None:
    """Return what a plugin says that knows the query only; None when nothing of it is about models.

    Lists are JSON arrays of names or of objects with a name, or names between commas; both are in use.
    """
    if not {"capabilities", "models", "features", "error"} & said.keys():
        return None
    whole = _json(said.get("capabilities", ""))
    more = cast("dict[str, object]", whole) if isinstance(whole, dict) else {}
    version = said.get("version") or more.get("version")
    failed = said.get("error", "")
    return AiCapabilities(
        available=not failed and said.get("success", "true") != "false",
        supported_databases=_names(more.get("databases")),
        supported_models=_names(said.get("models") or more.get("models")),
        plugin_version=version if isinstance(version, str) else "",
        features=_names(said.get("features") or more.get("features")),
        description=failed or said.get("description", ""),
    )


def _pairs(pairs: Iterable[wire.Pair]) -> tuple[Pair, ...]:
    return tuple([Pair(one.key, one.value, one.description) for one in pairs])


def _info(info: wire.AIProcessingInfo) -> AiInfo:
    return AiInfo(
        ai_processed=info.ai_processed, original_language=info.original_language, generated_sql=info.generated_sql,
        explanation=info.explanation, suggestions=tuple(info.suggestions), confidence_score=info.confidence_score,
        model_used=info.model_used, processing_time_ms=info.processing_time_ms, request_id=info.request_id,
        provider=info.provider, warnings=tuple(info.warnings), verdict=_VERDICTS.get(info.verdict),
        evidence=tuple(info.evidence), missing=tuple(info.missing),
        findings=tuple(
            Finding(_LEVELS.get(one.level), one.code, one.message, one.line, one.column, one.fix)
            for one in info.findings
        ),
        tokens=info.tokens if info.HasField("tokens") else None, dialect=info.dialect,
    )  # fmt: skip


def _names(said: object) -> tuple[str, ...]:
    """Names of a list in any of its forms, without what is said to be unsupported or off."""
    listed = _json(said) if isinstance(said, str) else said
    if isinstance(said, str) and not isinstance(listed, list):
        listed = said.split(",")
    names: list[str] = []
    for one in cast("list[object]", listed) if isinstance(listed, list) else []:
        if isinstance(one, dict):
            entry = cast("dict[str, object]", one)
            off = entry.get("supported") is False or entry.get("enabled") is False
            one = "" if off else entry.get("name") or entry.get("id")
        if isinstance(one, str) and one.strip():
            names.append(one.strip())
    return tuple(names)


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None

"""What a plugin answered, as the nouns of this room."""

from __future__ import annotations

from collections.abc import Iterable

from assay.kernel.assayed import Verdict
from assay.plugins.model import AiInfo, DataMeta, DataResult, Pair, Row
from assay.ports import loader

ITS_OWN = "checks and evidence are the plugin's own, nothing was checked here"


def data_result(result: loader.DataResult) -> DataResult:
    """Return a result; of a name that is twice in a row, the last value, columns in the plugin's order."""
    meta = result.meta
    return DataResult(
        data=_pairs(result.data),
        items=tuple(Row(data=_pairs(row)) for row in result.rows),
        meta=DataMeta(databases=meta.databases, tables=meta.tables, current_database=meta.current_database,
                      duration=meta.duration, labels=_pairs(meta.labels)),
        ai_info=_info(result.ai_info) if result.ai_info else None,
    )  # fmt: skip


def _info(info: loader.AiInfo) -> AiInfo:
    """A plugin's claim: what it calls assayed, or does not judge at all, is an estimate here."""
    said = Verdict(info.verdict) if info.verdict else Verdict.ESTIMATE
    verdict = Verdict.ESTIMATE if said is Verdict.ASSAYED else said
    return AiInfo(
        verdict=verdict, missing=(*info.missing, ITS_OWN), ai_processed=info.ai_processed,
        original_language=info.original_language, generated_sql=info.generated_sql, explanation=info.explanation,
        suggestions=info.suggestions, confidence_score=info.confidence_score, model_used=info.model_used,
        processing_time_ms=info.processing_time_ms, warnings=info.warnings, dialect=info.dialect,
    )  # fmt: skip


def _pairs(pairs: Iterable[loader.Pair]) -> tuple[Pair, ...]:
    return tuple(Pair(key=one.key, value=one.value, description=one.description) for one in pairs)

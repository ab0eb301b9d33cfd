"""Answers as messages of the wire."""

from __future__ import annotations

from collections.abc import Iterable

from assay.ports.loader import DataResult, Pair, Readiness
from assay.wire import server_pb2 as wire


def result_message(result: DataResult) -> wire.DataQueryResult:
    """Return the message of an answer."""
    meta = wire.DataMeta(
        databases=result.meta.databases, tables=result.meta.tables, currentDatabase=result.meta.current_database,
        duration=result.meta.duration, labels=_pairs(result.meta.labels),
    )  # fmt: skip
    return wire.DataQueryResult(items=[wire.Pairs(data=_pairs(row)) for row in result.items], meta=meta)


def status_message(readiness: Readiness) -> wire.ExtensionStatus:
    """Return the message that says whether a store can be used."""
    return wire.ExtensionStatus(
        ready=readiness.ready, readOnly=readiness.readonly, version=readiness.version, message=readiness.message
    )


def _pairs(pairs: Iterable[Pair]) -> list[wire.Pair]:
    return [wire.Pair(key=one.key, value=one.value, description=one.description) for one in pairs]

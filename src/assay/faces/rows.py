"""Rows as atest's stores send them: a pair a value, none for NULL; labels say columns, types and the SQL."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from assay.wire import server_pb2 as wire


def result_of(found: Mapping[str, Any], sql: str, took_ms: float) -> wire.DataQueryResult:
    """Return the message for the rows of an answer.

    Args:
        found: `columns`, `types`, `rows` and `more`, as an operation answers them.
        sql: what gave them.
        took_ms: how long that took.
    """
    labels = {"_columns": found["columns"], "_types": found["types"], "_more": found["more"]}
    pairs = [wire.Pair(key=name, value=json.dumps(value, ensure_ascii=False)) for name, value in labels.items()]
    return wire.DataQueryResult(
        items=[wire.Pairs(data=_cells(found["columns"], row)) for row in found["rows"]],
        meta=wire.DataMeta(duration=f"{took_ms:g}ms", labels=[*pairs, wire.Pair(key="_native_sql", value=sql)]),
    )


def _cells(columns: list[str], row: list[Any]) -> Iterator[wire.Pair]:
    for name, value in zip(columns, row, strict=True):
        if value is not None:
            yield wire.Pair(key=name, value=value if isinstance(value, str) else json.dumps(value))

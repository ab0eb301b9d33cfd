"""Turns values of MySQL, as the server wrote them, into cells that JSON can carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymysql.constants import FIELD_TYPE

from assay.ports.databases import Cell, Grid

_WHOLE = frozenset({FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG, FIELD_TYPE.LONGLONG,
                    FIELD_TYPE.YEAR})  # fmt: skip
_REAL = frozenset({FIELD_TYPE.FLOAT, FIELD_TYPE.DOUBLE})
_NAMES = {
    FIELD_TYPE.TINY: "tinyint", FIELD_TYPE.SHORT: "smallint", FIELD_TYPE.INT24: "mediumint", FIELD_TYPE.LONG: "int",
    FIELD_TYPE.LONGLONG: "bigint", FIELD_TYPE.YEAR: "year", FIELD_TYPE.FLOAT: "float", FIELD_TYPE.DOUBLE: "double",
    FIELD_TYPE.DECIMAL: "decimal", FIELD_TYPE.NEWDECIMAL: "decimal", FIELD_TYPE.DATE: "date",
    FIELD_TYPE.NEWDATE: "date", FIELD_TYPE.TIME: "time", FIELD_TYPE.DATETIME: "datetime",
    FIELD_TYPE.TIMESTAMP: "timestamp", FIELD_TYPE.BIT: "bit", FIELD_TYPE.JSON: "json",
    FIELD_TYPE.GEOMETRY: "geometry", FIELD_TYPE.NULL: "null",
}  # fmt: skip


def grid(columns: Sequence[tuple[str, int]], rows: Sequence[Sequence[Any]], at_most: int) -> Grid:
    """Make the grid of columns (name, field type) and values in text form, as no converter has touched them."""
    kept = rows[:at_most]
    types = tuple(_NAMES.get(kind, _worded(place, kept)) for place, (_, kind) in enumerate(columns))
    cells = tuple(tuple(_cell(value, kind) for value, (_, kind) in zip(row, columns, strict=True)) for row in kept)
    return Grid(tuple(name for name, _ in columns), types, cells, len(rows) > at_most)


def _worded(place: int, rows: Sequence[Sequence[Any]]) -> str:
    return "blob" if any(isinstance(row[place], bytes) for row in rows) else "text"


def _cell(value: Any, kind: int) -> Cell:
    if value is None:
        return None
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if kind in _WHOLE:
        return int(value)
    return float(value) if kind in _REAL else str(value)

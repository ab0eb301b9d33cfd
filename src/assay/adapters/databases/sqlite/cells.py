"""Turns values of SQLite into cells that JSON can carry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from assay.ports.databases import Cell, Grid

_TYPES = {int: "integer", float: "real", str: "text", bytes: "blob"}


def grid(columns: Sequence[str], rows: Sequence[Sequence[Any]], at_most: int) -> Grid:
    """Make the grid; a column's type is that of its first value, since SQLite gives each value one of its own."""
    kept = rows[:at_most]
    types = tuple(
        next((_TYPES[type(row[place])] for row in kept if row[place] is not None), "null")
        for place in range(len(columns))
    )
    cells = tuple(tuple(cell(value) for value in row) for row in kept)
    return Grid(tuple(columns), types, cells, len(rows) > at_most)


def cell(value: Any) -> Cell:
    """One value; bytes as \\x and hex digits, and infinity in words."""
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value

"""Turns a result of libpq into plain rows that JSON can carry."""

from __future__ import annotations

import math
from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer

from assay.ports.databases import Cell, Grid

_PLAIN = frozenset({"int2", "int4", "int8", "oid", "float4", "float8", "bool"})
"""Types whose values JSON says exactly; the others stay the text that the server wrote."""


def read_grid(result: pq.abc.PGresult, wire: psycopg.Connection[Any], at_most: int) -> Grid:
    """Read at most so many rows; a number that JSON has no word for (NaN, infinity) stays text."""
    count = result.nfields
    types = tuple(_type(wire, result.ftype(place)) for place in range(count))
    loader = Transformer(wire)
    loader.set_pgresult(result)
    rows = loader.load_rows(0, min(result.ntuples, at_most), tuple)
    texts = [[result.get_value(row, place) for place in range(count)] for row in range(len(rows))]
    cells = (
        tuple(_cell(value, text, kind) for value, text, kind in zip(row, raw, types, strict=True))
        for row, raw in zip(rows, texts, strict=True)
    )
    names = tuple((result.fname(place) or b"").decode("utf-8", "replace") for place in range(count))
    return Grid(names, types, tuple(cells), result.ntuples > at_most)


def _type(wire: psycopg.Connection[Any], oid: int) -> str:
    known = wire.adapters.types.get(oid)
    if known is None:
        return "text"
    return f"{known.name}[]" if oid == known.array_oid else known.name


def _cell(value: Any, text: bytes | None, kind: str) -> Cell:
    if text is None:
        return None
    if kind in _PLAIN and not (isinstance(value, float) and not math.isfinite(value)):
        return value
    return text.decode("utf-8", "replace")

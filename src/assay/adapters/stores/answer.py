"""Answers a question about a database: one statement on a session that only reads, its rows as pairs of text."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

from assay.adapters.stores import catalogue
from assay.adapters.stores.commands import command, is_command
from assay.adapters.stores.duration import duration
from assay.adapters.stores.place import Place, place_of, text_of
from assay.ports.databases import Cell, Grid, Limits, Reader
from assay.ports.errors import Forbidden
from assay.ports.loader import DataMeta, DataQuery, DataResult, Pair, Store

NULL = "NULL"
"""The description of a pair whose value is NULL, and is sent as an empty text."""
ALLOW = "allow_powerful_account"
_UNSTOPPED = ("superuser", "SUPER", "FILE", "ALL PRIVILEGES on *.*", "pg_")
"""How powers begin that a session which only reads does not stop: those over the server and its files."""
_KINDS: Mapping[type, str] = {int: "integer", float: "real", str: "text"}

Lend = Callable[[Place, Limits], AbstractContextManager[Reader]]


def answer(lend: Lend, store: Store, asked: DataQuery, limits: Limits) -> DataResult:
    """Run what is asked; with no statement, say only which databases and tables there are.

    Raises what `Reader.read` raises, what finding the database raises, and Forbidden for an account whose powers
    a session that only reads does not stop, unless the store allows that by name.
    """
    began = time.perf_counter()
    place = place_of(store, asked.key)
    with lend(place, limits) as reader:
        text = asked.sql.strip()
        grid, native = None, ""
        if is_command(text):
            grid, native = command(reader, text, place.database, offset=asked.offset, limit=asked.limit)
        elif text:
            _must_be_harmless(reader, store)
            grid, native = reader.read(asked.sql, asked.limit, skip=asked.offset), asked.sql
        databases, tables = catalogue.databases(reader, place.database), catalogue.tables(reader)
        labels = _labels(grid, native) if grid is not None else ()
    meta = DataMeta(
        databases, tuple(one.shown for one in tables), place.database, duration(time.perf_counter() - began), labels
    )
    return DataResult(items=_items(grid, loose=place.engine == "sqlite") if grid is not None else (), meta=meta)


def _must_be_harmless(reader: Reader, store: Store) -> None:
    if text_of(store, ALLOW).lower() == "true":
        return
    found = [power for power in reader.facts.powers if power.startswith(_UNSTOPPED)]
    if found:
        raise Forbidden(
            f"{reader.facts.user} may do more than a session that only reads stops ({', '.join(found[:5])}), so no "
            f"statement is run with it. Give the store an account that may only read, or its property {ALLOW} = true.",
            powers=found,
        )


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """Names of columns, a second one of a name with its number: pairs are told apart by nothing else."""
    made: dict[str, None] = {}
    for name in names:
        number, free = 2, name
        while free in made:
            number, free = number + 1, f"{name}_{number}"
        made[free] = None
    return tuple(made)


def _labels(grid: Grid, native: str) -> tuple[Pair, ...]:
    said = {"_columns": unique(grid.columns), "_types": grid.types, "_more": grid.more}
    found = {name: json.dumps(value, ensure_ascii=False) for name, value in said.items()}
    return tuple(Pair(name, value) for name, value in {**found, "_native_sql": native}.items())


def _items(grid: Grid, *, loose: bool) -> tuple[tuple[Pair, ...], ...]:
    columns = tuple(zip(unique(grid.columns), grid.types, strict=True))
    return tuple(
        tuple(
            Pair(name, *_said(cell, kind if loose else None)) for (name, kind), cell in zip(columns, row, strict=True)
        )
        for row in grid.rows
    )


def _said(cell: Cell, column: str | None) -> tuple[str, str]:
    """A value as text and, as its description, NULL, or its type where that is not the one of its column.

    Args:
        column: the column's type, where a value may have another.
    """
    if cell is None:
        return "", NULL
    kind = _KINDS[type(cell)] if column is not None else None
    other = kind is not None and kind != column and (kind, column) != ("text", "blob")
    if isinstance(cell, bool):
        return str(cell).lower(), ""
    return repr(cell) if isinstance(cell, float) else str(cell), kind if other and kind else ""

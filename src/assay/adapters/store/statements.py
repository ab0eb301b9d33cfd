"""SQLAlchemy Core statements as text and parameters for the raw sqlite3 driver, compiled once per shape.

An Engine costs 150-200 µs a statement in Python; the compiled form on the raw cursor costs about 30. This is the one
module that uses SQLAlchemy's own cache key, so a new SQLAlchemy is felt here and nowhere else.
"""
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import Insert
from sqlalchemy.util import LRUCache

Processor = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Columns:
    """How the rows of a statement become mappings."""

    names: tuple[str, ...]
    processors: tuple[tuple[int, Processor], ...]

    def rows(self, fetched: Sequence[tuple[Any, ...]]) -> list[Mapping[str, Any]]:
        """Name the values, as Python types."""
        if not self.processors:
            return [dict(zip(self.names, row, strict=True)) for row in fetched]
        named: list[Mapping[str, Any]] = []
        for row in fetched:
            values = list(row)
            for position, process in self.processors:
                values[position] = process(values[position])
            named.append(dict(zip(self.names, values, strict=True)))
        return named


@dataclass(frozen=True, slots=True)
class Bound:
    """A statement as the driver takes it."""

    sql: str
    parameters: Sequence[Sequence[Any]]
    """One row of parameters, or as many as the statement inserts."""
    columns: Columns | None
    """None when the names are known only to the cursor."""

    @property
    def many(self) -> bool:
        """Whether it runs once per row of parameters."""
        return len(self.parameters) != 1


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is the same for all statements that differ only in their values."""

    compiled: SQLCompiler
    columns: Columns | None
    order: tuple[str, ...]
    processors: Mapping[str, Processor]
    defaults: tuple[tuple[str, Any], ...]
    expands: bool


class Statements:
    """Compiles for one dialect and remembers shapes; may be shared by threads.

    Args:
        remembered: how many shapes are kept, least recently used out first.
    """

    def __init__(self, remembered: int = 1_000) -> None:
        self._dialect = SQLiteDialect_pysqlite(dbapi=sqlite3, json_serializer=_write_json)  # pyright: ignore[reportArgumentType]
        # Without this an INSERT would ask for its new key back, which nobody here reads.
        self._dialect.insert_returning = False
        self._shapes: LRUCache[Any, _Shape] = LRUCache(remembered)

    def bind(self, statement: ClauseElement, rows: Sequence[Mapping[str, Any]] | None = None) -> Bound:
        """Return a statement's text and its parameters; an INSERT of many rows becomes one text with many."""
        if rows is not None:
            return self._bind_rows(statement, rows)
        if isinstance(statement, Insert) and statement._multi_values:
            plain = _plain_rows(statement)
            if plain is not None:
                single = statement._clone()
                single._multi_values = ()
                return self._bind_rows(single, plain)
        cached = cast("tuple[Any, Any, Any] | None", statement._generate_cache_key())
        if cached is None:
            shape = _shape(statement.compile(dialect=self._dialect))
            return _bound(shape, shape.compiled.construct_params())
        key, parameters, given = cached[0], cached[1], cached[2]
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._shapes[key] = _shape(statement.compile(dialect=self._dialect, cache_key=cached))
        values = shape.compiled.construct_params(
            extracted_parameters=parameters, escape_names=False, _collected_params=given
        )
        return _bound(shape, values)

    def _bind_rows(self, statement: ClauseElement, rows: Sequence[Mapping[str, Any]]) -> Bound:
        names = list(rows[0]) if rows else []
        key = (_rows_key(statement), tuple(names))
        shape = self._shapes.get(key) if key[0] is not None else None
        if shape is None:
            shape = _shape(statement.compile(dialect=self._dialect, column_keys=names))
            if key[0] is not None:
                self._shapes[key] = shape
        own = shape.compiled.construct_params(_check=False) if key[0] is None else {}
        order, processors, defaults = shape.order, shape.processors, shape.defaults
        parameters: list[tuple[Any, ...]] = []
        for given in rows:
            row = {**own, **given, **{name: made() if callable(made) else made for name, made in defaults}}
            parameters.append(tuple(processors[name](row[name]) if name in processors else row[name] for name in order))
        return Bound(shape.compiled.string, parameters, None)


def _rows_key(statement: ClauseElement) -> Any:
    # A statement with values of its own besides the rows (ON CONFLICT … SET x = 5) keeps them in its text's
    # parameters, which differ from call to call: it is compiled each time.
    cached = cast("tuple[Any, Any, Any] | None", statement._generate_cache_key())
    return None if cached is None or cached[1] or cached[2] else cached[0]


def _plain_rows(statement: Insert) -> list[Mapping[str, Any]] | None:
    """Rows of `insert(table).values([…])` by column key; None when a value is an expression, or rows are asked back."""
    if statement._returning or statement.select is not None:
        return None
    rows: list[Mapping[str, Any]] = []
    for group in statement._multi_values:
        for given in group:
            if not isinstance(given, Mapping):
                return None
            row: dict[str, Any] = {str(getattr(column, "key", column)): value for column, value in given.items()}
            if rows and row.keys() != rows[0].keys():
                return None
            if any(hasattr(value, "__clause_element__") or isinstance(value, ClauseElement) for value in row.values()):
                return None
            rows.append(row)
    return rows


def _shape(compiled: Any) -> _Shape:
    assert isinstance(compiled, SQLCompiler)
    columns: Columns | None = None
    entries = compiled._result_columns
    if entries and not (compiled._textual_ordered_columns or compiled._loose_column_name_matching):
        made = [
            (position, entry.type.dialect_impl(compiled.dialect).result_processor(compiled.dialect, None))
            for position, entry in enumerate(entries)
        ]
        columns = Columns(
            tuple(entry.keyname for entry in entries),
            tuple((position, process) for position, process in made if process is not None),
        )
    prefetch = compiled.insert_prefetch or compiled.update_prefetch
    updates = not compiled.insert_prefetch
    defaults = tuple(
        (compiled._within_exec_param_key_getter(column), _default(column.onupdate if updates else column.default))
        for column in prefetch
    )
    return _Shape(
        compiled=compiled,
        columns=columns,
        order=tuple(compiled.positiontup or ()),
        processors=cast("Mapping[str, Processor]", compiled._bind_processors),
        defaults=defaults,
        expands=bool(compiled.literal_execute_params or compiled.post_compile_params),
    )


def _default(default: Any) -> Any:
    if default.is_callable:
        return lambda: default.arg(None)
    return default.arg


def _bound(shape: _Shape, values: MutableMapping[str, Any]) -> Bound:
    for name, made in shape.defaults:
        values[name] = made() if callable(made) else made
    if shape.expands:
        expanded = shape.compiled._process_parameters_for_postcompile(values)  # renames them in `values`
        processors = {**shape.processors, **cast("Mapping[str, Processor]", expanded.processors)}
        order = tuple(expanded.positiontup or ())
        row = tuple(processors[name](values[name]) if name in processors else values[name] for name in order)
        return Bound(expanded.statement, (row,), shape.columns)
    processors = shape.processors
    row = tuple(processors[name](values[name]) if name in processors else values[name] for name in shape.order)
    return Bound(shape.compiled.string, (row,), shape.columns)


def _write_json(value: object) -> str:
    """Compact; infinity and NaN are no JSON and are refused."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)

"""One visit to a database through a plugin: introspection, estimates and rows as questions to its store."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import sqlglot

from assay.adapters.databases import session as postgres
from assay.adapters.databases.mysql import estimate as mysql_estimate
from assay.adapters.databases.mysql import reader as mysql
from assay.adapters.databases.plugin.line import Line
from assay.adapters.databases.plugin.values import bound, cell, from_json
from assay.adapters.databases.several import one_by_one
from assay.adapters.databases.sqlite.estimate import Sizes, Step
from assay.adapters.databases.sqlite.estimate import estimate as sqlite_estimate
from assay.ports.databases import Engine, Estimate, Grid, Row, ServerFacts
from assay.ports.errors import AssayError, Refused, TimedOut
from assay.ports.loader import DataResult, Pair

PAGE = 1_000
"""Rows that are asked for at once."""
_MARKER = "/* assay */ "
"""By which a scan of the workload knows statements of ours."""
_WRITES = """
SELECT count(*) AS tables FROM pg_catalog.pg_class c
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
   AND c.relnamespace NOT IN ('pg_catalog'::pg_catalog.regnamespace, 'information_schema'::pg_catalog.regnamespace)
   AND (pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
        OR pg_catalog.has_any_column_privilege(c.oid, 'INSERT, UPDATE'))
"""
_FILE = "changes to the file, since the plugin does not say that it only reads"


@dataclass(frozen=True, slots=True)
class _Answer:
    """A result as a table."""

    columns: tuple[str, ...]
    types: tuple[str, ...] | None
    """None where the plugin knows none."""
    rows: tuple[tuple[Pair | None, ...], ...]
    more: bool | None
    """None where the plugin does not say: it has sent all."""

    def cells(self) -> Iterator[tuple[Any, ...]]:
        """Values, each of its type where that is known."""
        types = self.types or (None,) * len(self.columns)
        for row in self.rows:
            yield tuple(
                None if one is None else cell(one.value, one.description, kind)
                for one, kind in zip(row, types, strict=True)
            )


class PluginReader:
    """Implements `ports.databases.Reader`; that nothing is changed is the plugin's promise, and the account's."""

    def __init__(self, line: Line, engine: Engine) -> None:
        self._line = line
        self._engine: Engine = engine
        self._facts: ServerFacts | None = None
        self._typed: bool | None = None
        self._whole: bool | None = None
        self._sizes = Sizes(self.rows)

    @property
    def cautions(self) -> tuple[str, ...]:
        """That it stands on somebody else's word, and what is lost on the way."""
        kind = self._line.store.kind
        said = [f"This goes through the plugin {kind}: that it only reads is its promise, which is not checked here."]
        if self._typed is False:
            said.append(f"{kind} does not say types: numbers come as text, and NULL looks like the text null.")
        return tuple(said)

    @property
    def facts(self) -> ServerFacts:
        """Where this is; with what an account may change among its powers, since no session of ours stops it."""
        if self._facts is None:
            self._facts = replace(self._read_facts(), plugin=self._line.store.kind)
        return self._facts

    def _read_facts(self) -> ServerFacts:
        if self._engine == "mysql":
            return mysql.facts_of(self.rows(mysql.FACTS)[0], self.rows(mysql.GRANTS))
        if self._engine == "sqlite":
            version = str(self.rows("SELECT sqlite_version() AS version")[0]["version"])
            major, minor, patch = (int(part) for part in version.split(".")[:3])
            number = major * 10_000 + minor * 100 + patch
            powers = () if self._line.verify().readonly else (_FILE,)
            return ServerFacts(version, number, self._line.store.name, "", False, engine="sqlite", powers=powers)
        found = postgres.facts_of(self.rows(postgres.FACTS)[0])
        tables = self.rows(_WRITES)[0]["tables"]
        if tables and not found.superuser:
            word = "table" if tables == 1 else "tables"
            return replace(found, powers=(*found.powers, f"changes to {tables} {word}"))
        return found

    def rows(self, sql: str, params: Sequence[object] | Mapping[str, object] = ()) -> list[Row]:
        """Run one statement of ours, its values as literals.

        PostgreSQL and SQLite make one JSON text of all rows, so that types and NULL survive a plugin that knows
        neither; those of MySQL are text anyway.
        """
        text = bound(self._engine, sql, params)
        if self._engine == "mysql":
            return self._paged(text)
        if self._engine == "sqlite":
            names = cast("list[str]", cast("Any", sqlglot.parse_one(sql, dialect="sqlite")).named_selects)
            pairs = ", ".join(f"'{name}', q.\"{name}\"" for name in names)
            text = f"SELECT json_group_array(json_object({pairs})) AS found FROM (\n{text}\n) AS q"  # noqa: S608
        else:
            text = f"{_MARKER}SELECT coalesce(json_agg(q), '[]')::text AS found FROM (\n{text}\n) AS q"  # noqa: S608
        return cast("list[Row]", from_json(self._one(text)))

    def estimate(self, query: str) -> Estimate:
        """Let the engine plan one query."""
        if self._engine == "postgresql":
            return postgres.estimate_of(_plan(self._one(f"EXPLAIN (FORMAT JSON) {query}")))
        if self._engine == "mysql":
            return mysql_estimate.estimate(self._one(f"EXPLAIN FORMAT=JSON {query}"))
        found = self._ask(f"EXPLAIN QUERY PLAN {query}", PAGE)
        at = [found.columns.index(name) for name in ("id", "parent", "detail")]
        steps: list[Step] = [(int(row[at[0]]), int(row[at[1]]), str(row[at[2]])) for row in found.cells()]
        return sqlite_estimate(query, steps, self._sizes, self._line.patience_s)

    def estimates(self, queries: Iterable[str]) -> list[Estimate | Refused | TimedOut]:
        """One after the other."""
        return one_by_one(self.estimate, queries)

    def read(self, query: str, at_most: int, *, skip: int = 0) -> Grid:
        """Run one query; a plugin that knows no limit sends all rows, of which those that were asked for are kept."""
        found = self._ask(query, at_most, skip)
        rows = tuple(found.cells())
        if found.more is None:
            return Grid(found.columns, found.types or ("text",) * len(found.columns),
                        rows[skip : skip + at_most], len(rows) > skip + at_most)  # fmt: skip
        return Grid(found.columns, found.types or ("text",) * len(found.columns), rows[:at_most], found.more)

    def _paged(self, text: str) -> list[Row]:
        made: list[Row] = []
        while True:
            found = self._ask(text, PAGE, len(made))
            made += [
                {name: None if value is None else str(value) for name, value in zip(found.columns, row, strict=True)}
                for row in found.cells()
            ]
            if not found.more or not found.rows:
                return made

    def _one(self, text: str) -> str:
        """The first value of the first row; raises Refused when there is none."""
        found = self._ask(text, 2)
        value = found.rows[0][0] if found.rows and found.rows[0] else None
        if value is None:
            raise Refused(f"The store {self._line.store.name} gave no row where one was expected.")
        return value.value

    def _ask(self, text: str, limit: int, offset: int = 0) -> _Answer:
        if ";" in text and not self._keeps_whole():
            raise Refused(
                f"The text holds a semicolon, at which the plugin {self._line.store.kind} would cut it into statements."
            )
        found = _answer(self._line.ask(text, limit=limit, offset=offset))
        if found.rows:
            self._typed = found.types is not None
        return found

    def _keeps_whole(self) -> bool:
        """Whether the plugin runs a text as it is, and does not cut it at every semicolon."""
        if self._whole is None:
            try:
                found = _answer(self._line.ask("SELECT ';''; ' AS mark", limit=1))
                self._whole = list(found.cells()) == [(";'; ",)]
            except AssayError:
                self._whole = False
        return self._whole


def _answer(result: DataResult) -> _Answer:
    labels = {pair.key: pair.value for pair in result.meta.labels}
    columns, types = result.columns, _names(labels.get("_types"))
    rows = [{pair.key: pair for pair in row} for row in result.items]
    return _Answer(
        columns,
        tuple(types) if types is not None and len(types) == len(columns) else None,
        tuple(tuple(row.get(name) for name in columns) for row in rows),
        labels["_more"] == "true" if "_more" in labels else None,
    )


def _names(text: str | None) -> list[str] | None:
    try:
        found: object = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    return [str(one) for one in cast("list[object]", found)] if isinstance(found, list) else None


def _plan(text: str) -> Mapping[str, Any]:
    try:
        return json.loads(text)[0]["Plan"]
    except (ValueError, KeyError, IndexError, TypeError):
        raise Refused("The plan that the plugin handed on cannot be read, so the cost is not known.") from None

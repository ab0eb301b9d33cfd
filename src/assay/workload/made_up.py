"""Compares two statements on small databases that are made up: a look for a counter-example, which is no proof.

The server itself computes both, over rows that stand in the text (`WITH orders AS (VALUES …)`), so no row of anybody is
read. Domains are tiny, so that rows meet in joins, repeat and are NULL; keys, NOT NULL and foreign keys hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from pglast import ast

from assay.ports.databases import Grid, Session
from assay.ports.errors import Refused, TimedOut
from assay.sources.model import Column, Table
from assay.workload.statements.parse import parse, substitute
from assay.workload.statements.tree import walk
from assay.workload.statements.writer import literal, quoted, raw
from assay.workload.values import base_type, of_type

WORLDS = 100
"""Databases that are made up."""
LEAST_ANSWERS = 5
"""Different answers that the statements must have given, so that something was compared."""
MOST_ROWS, MOST_READ = 6, 1_000
NULLS, WANTED = 0.2, 0.6
"""Shares of values that are NULL where that may be, and of the others those that a condition asks for."""
_TIMES = ("2024-01-01", "2024-01-02", "2024-02-01 12:00")
_NUMBERS = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision"})

Tables = Sequence[Table]
Wanted = Mapping[tuple[str, str], Sequence[str]]
"""For a column (of a table, by its qualified name), values that conditions ask for."""
Rows = list[dict[str, str | None]]


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of it."""

    worlds: int
    """In which both gave an answer, and the same."""
    answers: int
    """Different ones among these."""
    against: str | None
    """Why they are not taken to be the same, in words without a full stop."""


def compare(
    session: Session,
    one: str,
    other: str,
    tables: Tables,
    samples: Sequence[tuple[str | None, ...]],
    wanted: Sequence[Wanted],
    late: Callable[[], bool] = lambda: False,
) -> Compared:
    """Run both statements on WORLDS made-up databases, until one shows a difference.

    Args:
        tables: all that either reads.
        samples: sets of values for the `$n` of both.
        wanted: what conditions ask for, one a sample.
    """
    types = session.parameter_types(one) if samples[0] else ()
    seen: set[frozenset[tuple[object, int]]] = set()
    worlds = 0
    for seed in range(WORLDS):
        if late():
            return Compared(worlds, len(seen), "there was no time left to compare it")
        at = seed % len(samples)
        rows, values = _world(tables, wanted[at], Random(seed)), samples[at]  # noqa: S311 - no secret hangs on it
        here = [_answer(session, text, tables, rows, types, values) for text in (one, other)]
        if here[0] is None:
            continue  # no answer, so none to compare with
        if here[1] is None or (here[0].columns, here[0].types) != (here[1].columns, here[1].types):
            return Compared(worlds, len(seen), "it has other columns, or fails where the statement does not")
        first, second = (Counter(grid.rows) for grid in here if grid is not None)
        if first != second:
            return Compared(worlds, len(seen), "it gives other rows on a small made-up database")
        worlds += 1
        seen.add(frozenset(first.items()))
    if len(seen) < LEAST_ANSWERS:
        return Compared(worlds, len(seen), "too few made-up databases gave rows to compare it by")
    return Compared(worlds, len(seen), None)


def _answer(
    session: Session, text: str, tables: Tables, rows: Mapping[str, Rows], types: Sequence[str],
    values: Sequence[str | None],
) -> Grid | None:  # fmt: skip
    """The rows of a statement over made-up tables; None when it fails on them."""
    given = {
        number: "NULL" if value is None else f"{literal(value)}::{kind}"
        for number, (value, kind) in enumerate(zip(values, types, strict=True), 1)
    }
    made = ", ".join(_table(table, rows[table.qualified]) for table in tables)
    try:
        query = f"WITH {made} SELECT * FROM ({substitute(_bare(text), given)}) AS answer"  # noqa: S608 - from its tree
        return session.read(query, MOST_READ)
    except (Refused, TimedOut):
        return None


def _bare(text: str) -> str:
    """The statement with its tables named without their schemas, as the made-up ones are."""
    tree = parse(text).tree
    assert tree is not None, "it was planned, so it can be parsed"
    for node in walk(tree):
        if isinstance(node, ast.RangeVar):
            node.schemaname = None
    return raw(tree)


def _table(table: Table, rows: Rows) -> str:
    names = ", ".join(quoted(column.name) for column in table.columns)
    nothing = ", ".join(f"NULL::{column.type}" for column in table.columns)
    lines = [
        "SELECT " + ", ".join(
            f"{'NULL' if row[column.name] is None else literal(row[column.name] or '')}::{column.type}"
            for column in table.columns
        )
        for row in rows
    ]  # fmt: skip
    return f"{quoted(table.name)} ({names}) AS ({' UNION ALL '.join(lines) or f'SELECT {nothing} WHERE false'})"


# rows ----------------------------------------------------------------------------------------------------------


def _world(tables: Tables, wanted: Wanted, draw: Random) -> dict[str, Rows]:
    """Rows of every table, parents first where foreign keys allow that."""
    rows: dict[str, Rows] = {}
    for table in _parents_first(tables):
        made = [row for _ in range(draw.randint(0, MOST_ROWS)) if (row := _row(table, rows, wanted, draw)) is not None]
        rows[table.qualified] = _unique(table, made)
    return rows


def _parents_first(tables: Tables) -> Iterator[Table]:
    left = {table.qualified: table for table in tables}
    while left:
        free = [t for t in left.values() if not any(k.to_table in left and k.to_table != t.qualified
                                                    for k in t.foreign_keys)]  # fmt: skip
        for table in free or list(left.values()):
            yield left.pop(table.qualified)


def _row(table: Table, rows: Mapping[str, Rows], wanted: Wanted, draw: Random) -> dict[str, str | None] | None:
    """One row; None when a foreign key finds no parent."""
    row = {c.name: _value(c, wanted.get((table.qualified, c.name), ()), draw) for c in table.columns}
    nullable = {column.name for column in table.columns if column.nullable}
    for key in table.foreign_keys:
        parents = rows.get(key.to_table)
        if parents is None:
            continue
        if parents and not (set(key.columns) <= nullable and draw.random() < NULLS):
            parent = draw.choice(parents)
            row |= {mine: parent[theirs] for mine, theirs in zip(key.columns, key.to_columns, strict=True)}
        elif set(key.columns) <= nullable:
            row |= dict.fromkeys(key.columns)
        else:
            return None
    return row


def can_be_made(column: Column) -> bool:
    """Whether values of the column's type can be made up."""
    return bool(_domain(column))


def _domain(column: Column) -> list[str]:
    kind = base_type(column.type)
    if kind in _NUMBERS:
        return ["0", "1", "2", "3"]
    if kind == "date" or kind.startswith("timestamp"):
        return list(_TIMES)
    plain = [of_type(column.type, place, "") for place in range(3)]
    return list(dict.fromkeys(value for value in plain if value))


def _value(column: Column, wanted: Sequence[str], draw: Random) -> str | None:
    if column.nullable and draw.random() < NULLS:
        return None
    if wanted and draw.random() < WANTED:
        return draw.choice(wanted)
    return draw.choice(_domain(column) or [None])


def _unique(table: Table, rows: Rows) -> Rows:
    """Without the rows that a primary key or a unique index would not let in."""
    keys = [index.keys for index in table.indexes if index.unique and index.predicate is None]
    plain = {quoted(column.name): column.name for column in table.columns}
    columns = [[plain[key] for key in one] for one in keys if all(key in plain for key in one)]
    columns += [list(table.primary_key)] if table.primary_key else []
    kept: Rows = []
    for row in rows:
        clash = any(
            all(row[name] is not None and row[name] == other[name] for name in one) for one in columns for other in kept
        )
        if not clash:
            kept.append(row)
    return kept

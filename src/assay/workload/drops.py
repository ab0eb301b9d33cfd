"""Finds indexes that can go: those whose work another index does, and those that nobody used while it was watched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from assay.ports.databases import ServerFacts
from assay.ports.ledger import Tried
from assay.sources.model import Index, Schema, Table
from assay.workload.advice_model import Draft
from assay.workload.statements.writer import literal, quoted

_SCANS = """SELECT s.indexrelname, s.idx_scan, pg_relation_size(s.indexrelid), pg_get_indexdef(s.indexrelid)
  FROM pg_stat_user_indexes s
 WHERE s.schemaname = {schema} AND s.indexrelname IN ({names});"""
SMALLEST = 16_384
"""An unused index of two pages is not worth a change."""
_PLAIN = re.compile(r'^([a-z_][a-z0-9_$]*|"([^"]|"")+")$')
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))
_REPLICAS = "Whether a replica uses it: each server counts its own scans, and only this one was asked."


@dataclass(frozen=True, slots=True)
class Drop:
    """One index to drop, and why."""

    table: Table
    index: Index
    why: Literal["redundant", "unused"]
    cover: Index | None = None
    """The index that does its work."""


def find_drops(schema: Schema) -> list[Drop]:
    """List redundant indexes, then unused ones, by table and name.

    Redundant: another valid index of the table has the same method, predicate and leading keys (operator class,
    collation, and direction, all the same or all reversed), and holds its included columns. Partial indexes and those
    on expressions are redundant only to an identical one. Of identical ones exactly one is kept.
    Unused: a plain B-tree that was never scanned since statistics began, on a table that was read meanwhile, and that
    no foreign key's columns need.
    Never: what a constraint owns or a foreign key points at, unique indexes, replica identities, parts of a
    partitioned index, invalid indexes.
    """
    found: list[Drop] = []
    for table in schema.tables:
        redundant = list(_redundant(table))
        # What takes over another's scans is about to be used, whatever it counted so far.
        gone = {index.name for drop in redundant for index in (drop.index, drop.cover) if index is not None}
        found += redundant
        found += [drop for drop in _unused(table, schema) if drop.index.name not in gone]
    return sorted(found, key=lambda drop: (drop.why, drop.table.qualified, drop.index.name))


def covers(wide: Index, narrow: Index) -> bool:
    """Whether one index does all the searching, sorting and carrying of another."""
    if wide.method != narrow.method or wide.predicate != narrow.predicate or not wide.valid:
        return False
    size = len(narrow.keys)
    if len(wide.keys) < size or wide.keys[:size] != narrow.keys:
        return False
    if wide.opclasses[:size] != narrow.opclasses or wide.collations[:size] != narrow.collations:
        return False
    carried, held = {_bare(text) for text in narrow.include}, {_bare(text) for text in wide.include}
    if not carried <= held | {_bare(text) for text in wide.keys}:
        return False
    if (narrow.method != "btree" or _special(narrow)) and (len(wide.keys) != size or held != carried):
        return False
    ways = [*zip(narrow.descending, narrow.nulls_first, wide.descending, wide.nulls_first, strict=False)][:size]
    same = all((d, n) == (wd, wn) for d, n, wd, wn in ways)
    return same or all((d, n) == (not wd, not wn) for d, n, wd, wn in ways)


def droppable(index: Index) -> bool:
    """Whether an index is nobody's but the planner's."""
    return not (
        index.primary or index.unique or index.constraint or index.replica_identity or index.part_of or not index.valid
    )


def _special(index: Index) -> bool:
    """Partial, or on an expression."""
    return index.predicate is not None or not all(_PLAIN.match(key) for key in index.keys)


def _redundant(table: Table) -> Iterator[Drop]:
    # Kept first: whatever else may cover it comes before it in this order, so that no two drop each other.
    order = sorted(
        table.indexes,
        key=lambda i: (droppable(i), not i.unique, -len(i.keys), -len(i.include), _numbered(i.name), i.name),
    )
    kept: list[Index] = []
    for index in order:
        cover = next((other for other in kept if covers(other, index)), None) if droppable(index) else None
        if cover is None:
            kept.append(index)
        else:
            yield Drop(table, index, "redundant", cover)


def _numbered(name: str) -> bool:
    """Whether a name ends as those do that the server gives when the plain one is taken: "…_idx1"."""
    return bool(re.search(r"_(idx|key)\d+$", name))


def _unused(table: Table, schema: Schema) -> Iterator[Drop]:
    if table.kind == "partitioned" or not table.seq_scans + sum(index.scans for index in table.indexes):
        return
    for index in table.indexes:
        plain = index.method == "btree" and not _special(index) and not _chosen_on_purpose(index)
        if index.scans or not plain or not droppable(index) or index.bytes <= SMALLEST:
            continue
        if any(_serves(index, key.columns) for key in table.foreign_keys):
            continue
        yield Drop(table, index, "unused")


def _chosen_on_purpose(index: Index) -> bool:
    """Whether somebody asked for an operator class or collation that is not the type's own."""
    return any(name.endswith("_pattern_ops") for name in index.opclasses) or any(
        name not in ("", "default") for name in index.collations
    )


def _serves(index: Index, columns: tuple[str, ...]) -> bool:
    """Whether an index begins with a foreign key's columns, in any order: deleting a referenced row looks there."""
    return {_bare(key) for key in index.keys[: len(columns)]} == set(columns)


def _bare(text: str) -> str:
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


# in words ------------------------------------------------------------------------------------------------------


def drops(schema: Schema, *, server: ServerFacts) -> list[Draft]:
    """Every drop as an estimate, with what is not known of it."""
    return [_draft(drop, schema, server) for drop in find_drops(schema)]


def window_seconds(schema: Schema) -> float | None:
    """How long the server has been counting scans; None when it does not say."""
    return (schema.read_at - schema.stats_since).total_seconds() if schema.stats_since is not None else None


def _draft(drop: Drop, schema: Schema, server: ServerFacts) -> Draft:
    table, index = drop.table, drop.index
    name = f"{quoted(table.schema_name)}.{quoted(index.name)}"
    window = window_seconds(schema)
    confidence, why = _confidence(drop, window)
    words = _rationale(drop, window)
    return Draft(
        key=f"drop:{table.schema_name}.{index.name}",
        outcome="estimate",
        type="redundant_index" if drop.why == "redundant" else "unused_index",
        title=f"Drop the {drop.why} index {index.name} on {table.name}",
        table=table.qualified,
        rationale=words,
        risk="low" if drop.cover is not None else "medium",
        risk_reason="Its work is done by another index, and it can be built again." if drop.cover is not None
        else "A rare report may need it; it can be built again, which takes a while.",
        confidence=confidence,
        confidence_reason=why,
        ddl=f"DROP INDEX CONCURRENTLY {name}",
        undo=rebuilt(index.definition),
        index_name=index.name,
        bytes=index.bytes,
        write_overhead_pct=_lighter(table),
        missing=_missing(drop, window, server),
        claim=words.split(". ")[0] + ".",
        checks=_checks(drop, window),
        facts=drop_facts(drop, window, server),
        reproduce=_reproduce(drop),
        replay={"kind": "drop", "table": table.qualified, "index": index.name, "why": drop.why},
    )  # fmt: skip


def drop_facts(drop: Drop, window: float | None, server: ServerFacts) -> dict[str, object]:
    """The numbers of a drop's evidence, the same keys when it is replayed."""
    return {
        "index": drop.index.definition,
        "covered_by": drop.cover.definition if drop.cover is not None else None,
        "scans": drop.index.scans,
        "window_days": round(window / 86_400, 2) if window is not None else None,
        "bytes": drop.index.bytes,
        "server_version": server.version,
    }


def rebuilt(definition: str) -> str:
    """The definition of an index as a statement that builds it without stopping writes."""
    return re.sub(r"^CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)", r"CREATE \1INDEX CONCURRENTLY ", definition)


def lasted(window: float) -> str:
    """A number of seconds in words, "12 days"."""
    unit, seconds = next((one for one in _UNITS if window >= 2 * one[1]), _UNITS[-1])
    count = max(1, round(window / seconds))
    return f"{count:,} {unit}{'s' if count > 1 else ''}"


def _counted(window: float | None) -> str:
    """What scans were counted in."""
    return f"{lasted(window)} of statistics" if window is not None else "statistics of unknown length"


def _rare(window: float | None) -> str:
    """What the window cannot have shown."""
    if window is None:
        return "Anything that last ran before statistics began, such as a yearly report: nobody knows when that was."
    return f"Anything that runs less often than once in {lasted(window)}, such as a yearly report."


def _rationale(drop: Drop, window: float | None) -> str:
    index, size = drop.index, f"{drop.index.bytes / 1e6:,.1f} MB"
    scans = "was never scanned" if not index.scans else f"was scanned {index.scans:,} times"
    since = f"{scans} in {_counted(window)}"
    if drop.cover is not None:
        same = "has the same keys" if len(drop.cover.keys) == len(index.keys) else "begins with the same keys"
        return (
            f"{drop.cover.name} {same} ({', '.join(index.keys)}) and does all the work of {index.name}. "
            f"It takes {size} and is written at every insert; it {since}, which the other one would take over."
        )
    return f"{index.name} on ({', '.join(index.keys)}) {since}. It takes {size} and is written at every insert."


def _missing(drop: Drop, window: float | None, server: ServerFacts) -> tuple[str, ...]:
    version = server.extensions.get("hypopg", "")
    hidden = tuple(int(part) for part in re.findall(r"\d+", version)[:2]) >= (1, 4)
    words = [_REPLICAS, _rare(window)]
    if drop.cover is not None:
        how = "was not asked to" if hidden else "can only from hypopg 1.4 on"
        words.append(f"No plan was made without it: the planner {how} leave out an index that exists.")
    return tuple(words)


def _checks(drop: Drop, window: float | None) -> tuple[Tried, ...]:
    owned = Tried("No constraint, key or replication needs it", droppable(drop.index))
    if drop.cover is not None:
        return (owned, Tried("Another index does its work", covers(drop.cover, drop.index), drop.cover.definition))
    served = any(_serves(drop.index, key.columns) for key in drop.table.foreign_keys)
    return (
        owned,
        Tried("No foreign key's columns need it", not served),
        Tried("It was never scanned", drop.index.scans == 0, f"in {_counted(window)}"),
    )


def _confidence(drop: Drop, window: float | None) -> tuple[float, str]:
    """Redundant: 0.9 when the cover is no wider, 0.8 when it is. Unused: 0.3 + 0.5 · days watched / 30, at most 0.8."""
    if drop.cover is not None:
        wider = len(drop.cover.keys) > len(drop.index.keys)
        return (0.8, "the structure says so; scans of a wider index read more pages") if wider else (
            0.9, "both have the same keys, so no plan can need this one"
        )  # fmt: skip
    days = (window or 0.0) / 86_400
    return round(
        0.3 + 0.5 * min(1.0, days / 30.0), 2
    ), f"no scan in {_counted(window)}; 30 days would be enough for 0.8"


def _lighter(table: Table) -> float | None:
    """Modelled: entries that need not be written any more, of all that is written; negative is less."""
    entries = table.inserts + max(table.updates - table.hot_updates, 0)
    before = table.inserts + table.updates + entries * len(table.indexes)
    return round(-100.0 * entries / before, 1) if before else None


def _reproduce(drop: Drop) -> str:
    names = [drop.index.name] + ([drop.cover.name] if drop.cover is not None else [])
    return _SCANS.format(schema=literal(drop.table.schema_name), names=", ".join(literal(name) for name in names))

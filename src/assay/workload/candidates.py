"""Finds the indexes that could help a statement: equality, then IN, then one range or the sort order, then INCLUDE."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations, permutations

from assay.sources.model import Column, Schema, Table
from assay.workload.facts import Key, Predicate, SortKey, StatementFacts
from assay.workload.index import IndexDraft, IndexKey, exists_already

KEY_BYTES = 400
"""A B-tree refuses entries over 2,704 bytes; a key this wide on average may well hold one."""
INCLUDE_BYTES = 96
"""All included columns of an entry together, on average; beyond that the index is half a copy of the table."""
INCLUDE_COLUMNS = 6
PER_USE = 80
"""Drafts for one place in a FROM list at most, simplest first."""
_PARAMETER = re.compile(r"\$\d")
_BOUNDLESS = frozenset({"json", "jsonb", "xml", "bytea", "tsvector"})
_UNORDERED = frozenset({"json", "xml", "point", "box", "circle", "line", "lseg", "path", "polygon", "txid_snapshot"})


@dataclass(slots=True)
class _Use:
    """What one place in a FROM list asks of an index, by role."""

    table: Table
    reads: frozenset[str]
    equal: list[IndexKey] = field(default_factory=list[IndexKey])
    listed: list[IndexKey] = field(default_factory=list[IndexKey])
    joined: list[IndexKey] = field(default_factory=list[IndexKey])
    ranged: list[IndexKey] = field(default_factory=list[IndexKey])
    sorted: list[IndexKey] = field(default_factory=list[IndexKey])
    grouped: list[IndexKey] = field(default_factory=list[IndexKey])
    partial: list[str] = field(default_factory=list[str])


def candidates(
    facts: StatementFacts, schema: Schema, *, max_width: int = 3, c_locale: bool = False
) -> tuple[IndexDraft, ...]:
    """List the indexes that might help one statement and do not exist yet, simplest first, without duplicates.

    Args:
        max_width: key columns at most.
        c_locale: the database sorts text by bytes, so LIKE 'x%' needs no pattern operator class.
    """
    found: dict[tuple[object, ...], IndexDraft] = {}
    for use in _uses(facts, schema, c_locale=c_locale):
        count = 0
        for draft in _drafts(use, max_width):
            if count >= PER_USE:
                break
            if draft.same_work() not in found and exists_already(draft, use.table) is None:
                found[draft.same_work()] = draft
                count += 1
    return tuple(found.values())


def relevant(draft: IndexDraft, facts: StatementFacts) -> bool:
    """Say whether a draft is likely to matter: its first key is searched or sorted by, or it holds all that is read."""
    held = {key.column for key in draft.keys} | set(draft.include)
    if any(use.table == draft.relation and use.columns <= held for use in facts.tables):
        return True
    return any(key.table == draft.relation and key.text == draft.keys[0].text for key in _keys(facts))


def possible(draft: IndexDraft, facts: StatementFacts) -> bool:
    """Say whether a draft can matter to a statement's plan at all.

    What begins with a column that is not read can be neither searched, nor give an order that the statement could use.
    """
    lead = draft.keys[0].column
    return relevant(draft, facts) or any(u.table == draft.relation and lead in u.columns for u in facts.tables)


def joins(draft: IndexDraft, facts: StatementFacts) -> bool:
    """Say whether the statement joins by the draft's first key and filters by none of its keys."""
    lead, roles = draft.keys[0].text, {"join": False, "filter": False}
    for predicate in facts.predicates:
        for key in (predicate.key, predicate.other):
            if key is not None and key.table == draft.relation and key.text in draft.columns:
                joining = predicate.kind == "join"
                roles["join" if joining else "filter"] |= not joining or key.text == lead
    return roles["join"] and not roles["filter"]


def merged(one: IndexDraft, other: IndexDraft) -> IndexDraft | None:
    """Make one index that does the work of two when the keys of one begin the keys of the other, else None."""
    if one.relation != other.relation or one.predicate != other.predicate or one == other:
        return None
    longer, shorter = (one, other) if len(one.keys) >= len(other.keys) else (other, one)
    if longer.keys[: len(shorter.keys)] != shorter.keys:
        return None
    held = {key.column for key in longer.keys}
    include = tuple(sorted((set(longer.include) | set(shorter.include)) - held))
    draft = IndexDraft(longer.schema, longer.table, longer.keys, include, longer.predicate)
    return None if draft in (one, other) or len(include) > INCLUDE_COLUMNS else draft


def _keys(facts: StatementFacts) -> Iterator[Key]:
    for predicate in facts.predicates:
        yield predicate.key
        if predicate.other is not None:
            yield predicate.other
    for sort in facts.sorts:
        yield sort.key
    for correlated in facts.correlated:
        yield correlated.inner
        yield correlated.outer


def _uses(facts: StatementFacts, schema: Schema, *, c_locale: bool) -> Iterator[_Use]:
    """Gather predicates and sort keys by the place in FROM that they speak of."""
    tables = {table.qualified: table for table in schema.tables}
    uses: dict[tuple[str, int], _Use] = {}
    for place in facts.tables:
        if place.table in tables:
            uses[(place.alias, place.block)] = _Use(tables[place.table], place.columns)
    for predicate in facts.predicates:
        use = uses.get((predicate.alias, predicate.block)) or _only(uses, predicate.alias)
        if use is not None and predicate.conjunct:
            _note(use, predicate, c_locale=c_locale)
        if predicate.kind == "join" and predicate.other is not None and predicate.other_alias is not None:
            other = uses.get((predicate.other_alias, predicate.block)) or _only(uses, predicate.other_alias)
            if other is not None:
                _add(other.joined, other.table, predicate.other)
    for correlated in facts.correlated:
        for use in uses.values():
            if use.table.qualified == correlated.inner.table == correlated.table:
                _add(use.joined, use.table, correlated.inner)
    _note_sorts(uses, facts.sorts)
    yield from uses.values()


def _only(uses: dict[tuple[str, int], _Use], alias: str) -> _Use | None:
    """The one use under an alias, whatever its block (a correlated predicate names an outer one)."""
    found = [use for (name, _), use in uses.items() if name == alias]
    return found[0] if len(found) == 1 else None


def _note(use: _Use, predicate: Predicate, *, c_locale: bool) -> None:
    match predicate.kind:
        case "equality":
            _add(use.equal, use.table, predicate.key)
            if predicate.constant is not None and predicate.key.column is not None:
                use.partial.append(f"{predicate.key.text} = {predicate.constant}")
        case "null":
            _add(use.equal, use.table, predicate.key)
            if "not" not in predicate.operator.lower():
                use.partial.append(f"{predicate.key.text} IS NULL")
        case "in":
            _add(use.listed, use.table, predicate.key)
        case "join":
            _add(use.joined, use.table, predicate.key)
        case "range":
            _add(use.ranged, use.table, predicate.key)
        case "prefix":
            _add(use.ranged, use.table, predicate.key, opclass="" if c_locale else _pattern(use.table, predicate.key))
        case _:
            pass


def _note_sorts(uses: dict[tuple[str, int], _Use], sorts: tuple[SortKey, ...]) -> None:
    """Give each block's leading run of sort keys to the one table that it belongs to."""
    for block, grouping in sorted({(sort.block, sort.grouping) for sort in sorts}):
        run = sorted((s for s in sorts if (s.block, s.grouping) == (block, grouping)), key=lambda s: s.position)
        use = uses.get((run[0].alias, block))
        if use is None:
            continue
        for sort in run:
            if sort.alias != run[0].alias:
                break
            into = use.grouped if grouping else use.sorted
            _add(into, use.table, sort.key, descending=sort.descending, nulls_first=sort.nulls_first)


def _add(
    into: list[IndexKey],
    table: Table,
    key: Key,
    *,
    opclass: str = "",
    descending: bool = False,
    nulls_first: bool = False,
) -> None:
    """Append a key when a B-tree can hold it and it is not there yet."""
    if key.table != table.qualified or _PARAMETER.search(key.text):
        return
    columns = [column for column in table.columns if column.name in key.columns]
    if key.column is not None and any(_kind(column) in _UNORDERED | _BOUNDLESS for column in columns):
        return
    if key.column is not None and any((column.avg_width or 0) > KEY_BYTES for column in columns):
        return
    text = key.text
    if key.column is None and not (text.startswith("(") or re.match(r"^[\w.\"]+\(", text)):
        text = f"({text})"
    if all(have.text != text for have in into):
        into.append(IndexKey(text, key.column, descending, nulls_first, opclass))


def _kind(column: Column) -> str:
    return column.type.split("(")[0].strip()


def _pattern(table: Table, key: Key) -> str:
    """The operator class with which LIKE 'x%' can use a B-tree whatever the collation."""
    kinds = {_kind(column) for column in table.columns if column.name in key.columns}
    return "bpchar_pattern_ops" if kinds == {"character"} and key.column is not None else "text_pattern_ops"


def _drafts(use: _Use, max_width: int) -> Iterator[IndexDraft]:
    """Every order of keys that a B-tree can search by, simplest first, then the same with all columns that are read."""
    bases = [keys for keys in dict.fromkeys(_orders(use)) if 0 < len(keys) <= max_width]
    bases.sort(key=len)
    plain = [IndexDraft(use.table.schema_name, use.table.name, keys) for keys in bases]
    covering = [draft for base in plain if (draft := _covering(use, base)) is not None]
    yield from _interleave(plain, covering)
    for base in bases[:PER_USE]:
        for predicate in use.partial:
            rest = tuple(key for key in base if not predicate.startswith(f"{key.text} "))
            if rest:
                yield IndexDraft(use.table.schema_name, use.table.name, rest, predicate=predicate)


def _interleave(plain: list[IndexDraft], covering: list[IndexDraft]) -> Iterator[IndexDraft]:
    """Give both kinds their share of the cap, whichever is longer."""
    half = PER_USE // 2
    yield from plain[:half]
    yield from covering[:half]
    yield from plain[half:]
    yield from covering[half:]


def _orders(use: _Use) -> Iterator[tuple[IndexKey, ...]]:
    fixed = sorted(_distinct([*use.equal, *use.joined]), key=lambda key: -_values(use.table, key))
    heads: list[tuple[IndexKey, ...]] = [()]
    heads += [(key,) for key in fixed]
    heads += list(permutations(fixed, 2))
    heads += list(combinations(fixed, 3))
    equal = tuple(key for key in fixed if key in use.equal)
    if len(equal) > 1:
        heads.append(equal)
    spread = [*use.listed, *use.ranged]
    for head in heads:
        yield head
        texts = {key.text for key in head}
        for key in spread:
            if key.text not in texts:
                yield (*head, key)
                yield from ((*head, key, more) for more in use.ranged if more.text not in texts | {key.text})
        for ordered in (use.sorted, use.grouped):
            tail = tuple(key for key in ordered if key.text not in texts)
            yield (*head, *tail)
            yield from ((*head, *tail[:size]) for size in range(1, len(tail)))
    # A range or list first, so that what follows is checked in the index before the heap is visited.
    yield from ((key, more) for key in spread for more in fixed if key.text != more.text)


def _distinct(keys: Iterable[IndexKey]) -> list[IndexKey]:
    return list({key.text: key for key in keys}.values())


def _values(table: Table, key: IndexKey) -> float:
    """How many values a key has, as far as statistics say; expressions count as 200, the planner's own default."""
    column = next((column for column in table.columns if column.name == key.column), None)
    if column is None or column.n_distinct is None:
        return 200.0
    return column.n_distinct if column.n_distinct >= 0 else -column.n_distinct * max(table.rows, 0.0)


def _covering(use: _Use, base: IndexDraft) -> IndexDraft | None:
    """The same index carrying every other column that is read; None when that is nothing or too much."""
    if not base.keys or any(key.column is None for key in base.keys):
        return None
    held = {key.column for key in base.keys}
    rest = tuple(column.name for column in use.table.columns if column.name in use.reads - held)
    draft = IndexDraft(base.schema, base.table, base.keys, rest)
    return draft if rest and holdable(draft, use.table) is None else None


def holdable(draft: IndexDraft, table: Table) -> str | None:
    """Say why a B-tree could not hold a draft over plain columns, or should not; None when it may."""
    columns = {column.name: column for column in table.columns}
    keys = [columns[key.column] for key in draft.keys if key.column is not None]
    carried = [columns[name] for name in draft.include]
    if any(_kind(column) in _UNORDERED | _BOUNDLESS for column in keys):
        return "a B-tree cannot be searched by a column of such a type"
    if any((column.avg_width or 0) > KEY_BYTES for column in keys):
        return "a key is so wide that a B-tree may refuse it"
    if any(_kind(column) in _BOUNDLESS for column in carried) or len(carried) > INCLUDE_COLUMNS:
        return "it carries too much besides its keys"
    if sum(column.avg_width or 32 for column in carried) > INCLUDE_BYTES:
        return "it carries too much besides its keys"
    return None


def written(draft: IndexDraft) -> frozenset[str]:
    """Columns whose change means a change of the index; of an expression, every name in it."""
    names: set[str] = set(draft.include)
    for key in draft.keys:
        names |= {key.column} if key.column is not None else set(re.findall(r"\w+", key.text))
    return frozenset(names)

"""An index that could be built: its keys, its DDL, its name, and whether another index does the same work."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace

from assay.sources.model import Index, Table
from assay.workload.statements.writer import canonical, quoted

NAME_BYTES = 63
"""NAMEDATALEN - 1: PostgreSQL cuts longer names, in the middle of a word or of a pair."""


@dataclass(frozen=True, slots=True, order=True)
class IndexKey:
    """One key of an index."""

    text: str
    """SQL as CREATE INDEX takes it: a quoted column, or an expression in parentheses."""
    column: str | None = None
    """The column's name, unquoted; None for an expression."""
    descending: bool = False
    nulls_first: bool = False
    """The server's default is the same as `descending`."""
    opclass: str = ""
    """"text_pattern_ops"; empty is the type's default."""

    @property
    def sql(self) -> str:
        """The key with its operator class and direction, defaults left out."""
        words = [self.text]
        if self.opclass:
            words.append(self.opclass)
        if self.descending:
            words.append("DESC")
        if self.nulls_first != self.descending:
            words.append("NULLS FIRST" if self.nulls_first else "NULLS LAST")
        return " ".join(words)

    @property
    def plain(self) -> str:
        """The key in words for a title: no parentheses around an expression, no operator class."""
        text = self.column if self.column is not None else self.text.removeprefix("(").removesuffix(")")
        return f"{text} DESC" if self.descending else text

    def reversed(self) -> IndexKey:
        """The same key in the other direction."""
        return replace(self, descending=not self.descending, nulls_first=not self.nulls_first)


@dataclass(frozen=True, slots=True, order=True)
class IndexDraft:
    """A B-tree index that nobody has built yet; equal drafts do the same work."""

    schema: str
    table: str
    keys: tuple[IndexKey, ...]
    include: tuple[str, ...] = ()
    """Columns carried but not searched, unquoted, in the table's order."""
    predicate: str | None = None
    """SQL of the WHERE of a partial index, without table names."""
    _hash: int = field(default=0, compare=False, repr=False)

    def __post_init__(self) -> None:
        # A search asks for this millions of times; the five fields never change.
        value = hash((self.schema, self.table, self.keys, self.include, self.predicate))
        object.__setattr__(self, "_hash", value)

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[object, ...]:
        # Hashes of texts differ between processes, so a pickled one must be made again.
        return (IndexDraft, (self.schema, self.table, self.keys, self.include, self.predicate))

    @property
    def relation(self) -> str:
        """Qualified table name without quotes, "public.orders"."""
        return f"{self.schema}.{self.table}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Texts of the keys, in order."""
        return tuple(key.text for key in self.keys)

    def body(self) -> str:
        """Everything after the name: `ON public.orders (user_id, status) INCLUDE (total)`."""
        sql = f"ON {quoted(self.schema)}.{quoted(self.table)} ({', '.join(key.sql for key in self.keys)})"
        if self.include:
            sql += f" INCLUDE ({', '.join(quoted(name) for name in self.include)})"
        if self.predicate:
            sql += f" WHERE {self.predicate}"
        return sql

    def hypothetical(self) -> str:
        """The CREATE INDEX text that hypopg takes."""
        return f"CREATE INDEX {self.body()}"

    def ddl(self, name: str, *, concurrently: bool = True) -> str:
        """The statement that really builds it, without stopping writes where the table is not partitioned."""
        return f"CREATE INDEX {'CONCURRENTLY ' if concurrently else ''}{quoted(name)} {self.body()}"

    def title(self) -> str:
        """What it is on, for people: "orders (user_id, status) including total"."""
        text = f"{self.table} ({', '.join(key.plain for key in self.keys)})"
        if self.include:
            text += f" including {', '.join(self.include)}"
        if self.predicate:
            text += f" where {self.predicate}"
        return text

    def same_work(self) -> tuple[object, ...]:
        """A key that is equal for indexes that differ in the direction of a whole scan only."""
        keys = self.keys
        if keys and keys[0].descending:
            keys = tuple(key.reversed() for key in keys)
        return (self.schema, self.table, keys, self.include, self.predicate)


def index_name(draft: IndexDraft, taken: frozenset[str] | set[str]) -> str:
    """Name an index "orders_user_id_status_idx": at most 63 bytes, cut between characters, unlike any taken name.

    Args:
        taken: names of relations in the same schema.
    """
    words = [draft.table]
    for key in draft.keys:
        words.append(key.column if key.column is not None else "_".join(re.findall(r"\w+", key.text))[:24] or "expr")
    if draft.include:
        words.append("incl")
    if draft.predicate:
        words.append("part")
    stem = "_".join(words)
    if _fits(f"{stem}_idx") and f"{stem}_idx" not in taken:
        return f"{stem}_idx"
    digest = hashlib.sha256(draft.body().encode()).hexdigest()
    for size in range(6, len(digest)):
        tail = f"_{digest[:size]}_idx"
        name = _cut(stem, NAME_BYTES - len(tail)) + tail
        if name not in taken:
            return name
    raise AssertionError("no free name among 58 digests of one index")


def _fits(name: str) -> bool:
    return len(name.encode()) <= NAME_BYTES


def _cut(text: str, size: int) -> str:
    """Cut to at most `size` bytes without splitting a character."""
    return text.encode()[:size].decode(errors="ignore")


def exists_already(draft: IndexDraft, table: Table) -> Index | None:
    """Find a built index that does all the work of the draft: same leading keys, its included columns at hand."""
    return next((index for index in table.indexes if _does_the_work(index, draft)), None)


def _does_the_work(index: Index, draft: IndexDraft) -> bool:
    if index.method != "btree" or not index.valid or len(index.keys) < len(draft.keys):
        return False
    if index.predicate is not None and (
        draft.predicate is None or canonical(index.predicate) != canonical(draft.predicate)
    ):
        return False
    if not set(draft.include) <= {_unquote(text) for text in (*index.keys, *index.include)}:
        return False
    flips: set[bool] = set()
    for place, key in enumerate(draft.keys):
        if not _same_key(index.keys[place], key):
            return False
        if key.opclass and not any(key.opclass == name.split(".")[-1] for name in index.opclasses[place : place + 1]):
            return False
        if not key.opclass and any(name.endswith("_pattern_ops") for name in index.opclasses[place : place + 1]):
            return False
        direction = (index.descending[place], index.nulls_first[place])
        if direction == (key.descending, key.nulls_first):
            flips.add(False)
        elif direction == (not key.descending, not key.nulls_first):
            flips.add(True)
        else:
            return False
    return len(flips) == 1


def _same_key(built: str, key: IndexKey) -> bool:
    return built == key.text or (key.column is None and canonical(built) == canonical(key.text))


def _unquote(text: str) -> str:
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


def draft_of(table: Table, columns: tuple[str, ...], include: tuple[str, ...] = ()) -> IndexDraft:
    """Make a draft over plain columns."""
    keys = tuple(IndexKey(text=quoted(name), column=name) for name in columns)
    return IndexDraft(schema=table.schema_name, table=table.name, keys=keys, include=include)

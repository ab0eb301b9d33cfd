"""Numbers that the ranker sees of a candidate: its parts, what it leaves unexplained, its joins, and its rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.ask.engine.features import Scene
from assay.ask.engine.link import Linker
from assay.ask.engine.propose import Draft
from assay.ask.engine.words import CUES, STOP
from assay.ask.ir import Filter, Query, Ref, Term
from assay.ask.joins import trees

Floats = NDArray[np.float32]
Rows = Sequence[Sequence[object]]
Run = Callable[[Query], "Rows | None"]
"""Runs a candidate under a cap; None where it fails or takes too long."""
_ASKED = ("count", "average", "total", "most", "least", "each", "order", "more", "less", "negation", "also", "either",
          "like", "distinct", "down")  # fmt: skip


def terms_of(query: Query) -> Iterator[Term]:
    """Every term, of inner and combined queries too."""
    yield from query.select
    yield from (Term(ref) for ref in query.group)
    yield from (order.term for order in query.order)
    for one in (*query.having, *(one for group in query.where for one in group)):
        yield one.term
        if isinstance(one.value, Query):
            yield from terms_of(one.value)
    if query.combine is not None:
        yield from terms_of(query.combine[1])


class Weigher:
    """Makes the rows of features for one question's candidates."""

    def __init__(self, linker: Linker, joined: dict[frozenset[int], int], scene: Scene) -> None:
        self.linker = linker
        self.links = scene.links
        self._joined = joined
        tokens = scene.links.question.tokens
        self._content = sum(1 << at for at, token in enumerate(tokens)
                            if token.low not in STOP and token.low not in CUES)  # fmt: skip
        """As all sets of words here: a bit for each."""
        asked = {cue for token in tokens for cue in CUES.get(token.low, ())}
        self._named = {at for at, mention in enumerate(scene.links.tables) if mention.cover >= 0.85}
        self._size = max(len(tokens), 1)
        self._whole = (*(float(cue in asked) for cue in _ASKED), float(self._size), float(len(self.links.spans)))
        self._spans = [_bits(span.start, span.end) for span in self.links.spans]
        self._tables = [_bits(max(mention.start, 0), mention.end) for mention in self.links.tables]
        self._columns: dict[Ref, int] = {}
        self._covers: dict[Ref, float] = {}

    def rows(self, drafts: Sequence[Draft]) -> Floats:
        """One row a candidate, in order."""
        best = drafts[0].score if drafts else 0.0
        return np.asarray([self._row(at, draft, best) for at, draft in enumerate(drafts)], dtype=np.float32)

    def size(self, tables: frozenset[int]) -> int:
        """Tables of the smallest join tree; 0 where there is none."""
        if len(tables) < 2:
            return len(tables)
        if tables not in self._joined:
            found = trees(self.linker.graph, tables, 1)
            self._joined[tables] = len(found[0].edges) + 1 if found else 0
        return self._joined[tables]

    def _row(self, at: int, draft: Draft, best: float) -> tuple[float, ...]:
        query = draft.query
        filters = [one for group in query.where for one in group]
        chosen, compared = [term.ref for term in query.select], [one.term.ref for one in filters]
        named = {*chosen, *compared, *query.group, *(key.term.ref for key in query.order)}
        outer = {ref.table for ref in named} | query.also
        size = self.size(frozenset(outer))
        flat = not query.having and query.combine is None and draft.sketch.nest == "none"
        used = named if flat else {term.ref for term in terms_of(query)}
        tables = outer if flat else {ref.table for ref in used} | query.also
        select = [self._cover(ref) for ref in chosen]
        covers = [self._cover(ref) for ref in used if ref.column is not None]
        return (
            *draft.parts, *draft.slots, draft.score, best - draft.score, float(at), float(size), float(size == 0),
            float(len(tables)), float(size - len(outer)), float(len(self._named - tables)),
            float(len(tables - self._named)), *self._unexplained(draft, used, tables),
            min(select, default=0.0), sum(select) / max(len(select), 1), min(covers, default=1.0),
            sum(covers) / max(len(covers), 1), float(sum(cover < 0.4 for cover in covers)),
            float(len(query.select)), float(len(filters)), float(query.distinct), *self._grouping(query),
            *self._selecting(query, chosen, compared, filters), *self._shape(query, draft), float(len(query.also)),
            max((self.links.tables[at].cover for at in query.also), default=0.0), *self._whole,
        )  # fmt: skip

    def _cover(self, ref: Ref) -> float:
        if ref not in self._covers:
            self._covers[ref] = self._named_as(ref)
        return self._covers[ref]

    def _named_as(self, ref: Ref) -> float:
        if ref.column is None:
            return self.links.tables[ref.table].cover
        mention = self.links.columns[ref.table][ref.column]
        return max(mention.cover, min(mention.association / 4, 0.8))

    def _unexplained(self, draft: Draft, used: set[Ref], tables: set[int]) -> tuple[float, ...]:
        """Content words, value spans and numbers that nothing in the candidate accounts for."""
        seen = 0
        for ref in used:
            seen |= self._column(ref) if ref.column is not None else 0
        for table in tables:
            seen |= self._tables[table]
        for span in draft.spans:
            seen |= self._spans[span]
        left = (self._content & ~seen).bit_count()
        spans = [self.links.spans[at] for at, words in enumerate(self._spans)
                 if words & ~seen and at not in draft.spans]  # fmt: skip
        return (
            float(left), left / self._size, float(sum(bool(span.found) for span in spans)),
            float(sum(span.number is not None for span in spans)), float(sum(span.quoted for span in spans)),
        )  # fmt: skip

    def _column(self, ref: Ref) -> int:
        """The words that a column accounts for."""
        if ref not in self._columns:
            mention = self.links.columns[ref.table][ref.column or 0]
            named = _bits(mention.start, mention.end) if mention.start >= 0 else 0
            self._columns[ref] = named | (1 << mention.associated if mention.association > 0.5 else 0)
        return self._columns[ref]

    def _grouping(self, query: Query) -> tuple[float, ...]:
        if not query.group:
            return 0.0, 0.0, 0.0, 0.0, 0.0
        chosen = {term.ref for term in query.select if term.function is None}
        ref = query.group[0]
        column = self.linker.graph.column(ref.table, ref.column or 0)
        edges = self.linker.graph.edges
        foreign = any(edge.table == ref.table and ref.column in edge.columns for edge in edges)
        same = any(one.table == ref.table for one in chosen)
        return 1.0, float(ref in chosen), float(column.unique), float(foreign), float(same)

    def _selecting(
        self, query: Query, select: list[Ref], compared: list[Ref], filters: list[Filter]
    ) -> tuple[float, ...]:
        chosen = set(select)
        table = self.links.tables[select[0].table]
        operators = [one.operator for one in filters]
        order = query.order[0].term.ref if query.order else None
        column = self.linker.graph.column
        numbers = sum(column(ref.table, ref.column).kind == "number" for ref in chosen if ref.column is not None)
        sums = [column(term.ref.table, term.ref.column).kind == "number" for term in query.select
                if term.function in ("sum", "avg") and term.ref.column is not None]  # fmt: skip
        likes = operators.count("like") + operators.count("not like")
        return (
            float(sum(ref in chosen for ref in compared)), float(len(compared) - len(set(compared))),
            float(order in chosen) if order else -1.0, table.cover, table.start / self._size,
            float(len({ref.table for ref in chosen})), float(numbers),
            float(all(sums)), float(likes), float(operators.count("=")), float(operators.count("!=")),
        )  # fmt: skip

    def _shape(self, query: Query, draft: Draft) -> tuple[float, ...]:
        functions = [term.function for term in query.select]
        counted = [term for term in query.select if term.function == "count"]
        return (
            float(functions.count(None)), float(len(counted)), float(any(term.distinct for term in counted)),
            float(bool(query.having)), float(bool(query.order)), float(bool(query.order and query.order[0].descending)),
            float(query.limit is not None), float(query.limit == 1), float(draft.sketch.nest != "none"),
            float(query.combine is not None), float(draft.sketch.nest in ("notin", "except")),
        )  # fmt: skip


def _bits(start: int, end: int) -> int:
    """A bit for each place."""
    return (1 << end) - (1 << start) if start < end else 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What running a candidate showed: a key that equal results share, and their shape."""

    key: int
    shape: tuple[float, ...]


def outcome(rows: Rows, limit: int | None) -> Outcome:
    """Results are compared as multisets of rows."""
    flat = [cell for row in rows[:50] for cell in row]
    single = len(rows) == 1 and len(rows[0]) == 1
    shape = (
        math.log1p(len(rows)), float(not rows), float(bool(flat) and all(cell is None for cell in flat)),
        sum(cell is None for cell in flat) / max(len(flat), 1), float(single),
        float(single and rows[0][0] in (0, None)), float(len(rows) == 1),
        float(len({repr(row) for row in rows}) < len(rows)), float(limit is not None and len(rows) < limit),
    )  # fmt: skip
    return Outcome(hash(tuple(sorted(tuple(map(_cell, row)) for row in rows))), shape)


def _cell(value: object) -> str:
    return f"{float(value):.6g}" if isinstance(value, int | float) else str(value)


def outcome_rows(outcomes: Sequence[Outcome | None], scores: Floats) -> Floats:
    """What the candidates' rows say: whether there are any, of what shape, and how many candidates agree on them.

    None is a candidate that failed; scores are the ranker's, which weigh the votes."""
    weights = np.exp(scores - scores.max()) if len(scores) else scores
    weights = weights / max(float(weights.sum()), 1e-9)
    mass: dict[int, float] = {}
    count: dict[int, int] = {}
    first: dict[int, int] = {}
    for at, (one, weight) in enumerate(zip(outcomes, weights.tolist(), strict=True)):
        if one is not None:
            mass[one.key] = mass.get(one.key, 0.0) + weight
            count[one.key] = count.get(one.key, 0) + 1
            first.setdefault(one.key, at)
    full = {one.key for one in outcomes if one is not None and not one.shape[1]}
    top = max(mass.values(), default=0.0)
    table: list[tuple[float, ...]] = []
    for one in outcomes:
        if one is None:
            table.append((1.0,) + (0.0,) * 15)
        else:
            key = one.key
            table.append((
                0.0, *one.shape, mass[key], top - mass[key], float(count[key]), float(first[key]),
                float(len(mass)), float(len(full)),
            ))  # fmt: skip
    return np.asarray(table, dtype=np.float32).reshape(len(outcomes), 16)

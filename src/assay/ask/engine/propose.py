"""Puts sketches and slots together into candidate queries, likeliest first."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import nlargest
from itertools import product
from operator import itemgetter
from typing import NamedTuple, cast, get_args

from assay.ask.engine.link import Linker
from assay.ask.engine.rank import Model
from assay.ask.engine.sketch import Sketch
from assay.ask.engine.slots import Beliefs, Option, Slots
from assay.ask.ir import Combine, Filter, Function, Operator, Order, Query, Ref, Term

MOST_SKETCHES = 36
MOST_DRAFTS = 60
MOST_FILLINGS = 12
"""Of one sketch."""
TABLE_COST = 0.9
"""Nats for each further table that a draft names."""
REACH = 8.0
"""Nats below the likeliest sketch at which one is let go."""
AGREEMENT = 0.6
"""How much the parts' habit of coming together counts beside the parts themselves."""
MOST_WIDENED = 16
"""Drafts that are also tried with one more table joined."""
NAMED, WIDER = 0.6, 1.5
"""How well a question names a table that is joined for itself, and what joining it costs, in nats."""
ONE_COLUMN = 2.0
"""Nats for or against two values of one column."""
_WIDTHS = (("select", 6), ("where", 4), ("shape", 6), ("nest", 4), ("distinct", 2))


class Draft(NamedTuple):
    """A candidate with what each of its parts cost."""

    query: Query
    sketch: Sketch
    parts: tuple[float, ...]
    """Log-probability of each part of the sketch, and how well the parts go together."""
    slots: tuple[float, ...]
    """Log-probability of select, where, group, having, order and nesting."""
    tables: int
    spans: tuple[int, ...]
    score: float


def sketches(beliefs: Beliefs, model: Model) -> list[tuple[float, tuple[float, ...], Sketch]]:
    """The likeliest combinations of the parts."""
    found: list[tuple[float, tuple[float, ...], tuple[str, ...]]] = [(0.0, (), ())]
    for head, width in _WIDTHS:
        best = sorted(beliefs.heads[head].items(), key=lambda pair: -pair[1])[:width]
        found = [
            (total + score, (*scores, score), (*names, name)) for total, scores, names in found for name, score in best
        ]
        top = max(total for total, _, _ in found)
        found = [one for one in found if one[0] > top - REACH]
    sketches = [
        (
            total + AGREEMENT * (agree := model.combinations.get("\t".join(names), -2.5)),
            (*scores, agree),
            Sketch(*names),
        )
        for total, scores, names in found
    ]
    return sorted(sketches, key=lambda one: -one[0])[:MOST_SKETCHES]


def propose(linker: Linker, model: Model, beliefs: Beliefs, slots: Slots) -> list[Draft]:
    """Candidates without repetition, best first."""
    best: dict[Query, Draft] = {}
    fillings = _Fillings(slots)
    floor = -math.inf
    for score, parts, sketch in sketches(beliefs, model):
        drafts = _fill(linker, slots, fillings.of(sketch, floor - score), sketch, score, parts)
        added = sorted(drafts, key=lambda draft: -draft.score)[:10]
        for draft in added:
            known = best.setdefault(draft.query, draft)
            if known.score < draft.score:
                best[draft.query] = draft
        if added and len(best) >= MOST_DRAFTS:
            floor = nlargest(MOST_DRAFTS, [draft.score for draft in best.values()])[-1]
    found = sorted(best.values(), key=lambda draft: -draft.score)
    for draft in [grown for one in found[:MOST_WIDENED] for grown in _widened(linker, slots, one)]:
        best.setdefault(draft.query, draft)
    return sorted(best.values(), key=lambda draft: -draft.score)[:MOST_DRAFTS]


def _widened(linker: Linker, slots: Slots, draft: Draft) -> Iterator[Draft]:
    """The same, of those rows only that meet a row of one more table that the question names and no term does."""
    query = draft.query
    if query.combine is not None or any(isinstance(one.value, Query) for group in query.where for one in group):
        return
    covers = [max(mention.cover, mention.association / 4) for mention in slots.links.tables]
    near = {at for edge in linker.graph.edges for at in (edge.table, edge.to)}
    for at in sorted(near, key=lambda at: -covers[at])[:3]:
        if covers[at] >= NAMED and not draft.tables >> at & 1:
            yield draft._replace(
                query=replace(query, also=frozenset({at})), tables=draft.tables | 1 << at,
                score=draft.score - WIDER + covers[at],
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Tail:
    """GROUP BY, HAVING, ORDER BY and LIMIT."""

    scores: tuple[float, float, float]
    group: tuple[Ref, ...] = ()
    having: tuple[Filter, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    tables: int = 0
    spans: tuple[int, ...] = ()


_Filling = tuple[float, Option, Option, _Tail]
"""What it costs, and what stands in select, where and behind."""


class _Fillings:
    """The likeliest fillings of a sketch's slots; sketches that differ in nesting or DISTINCT alone share them."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._kept: dict[tuple[str, str, str, bool], list[_Filling]] = {}
        self._tails: dict[tuple[str, tuple[int, ...]], list[tuple[float, _Tail]]] = {}

    def of(self, sketch: Sketch, floor: float) -> list[_Filling]:
        """The best first; those that are below the floor are left out, since nesting only takes away from them."""
        pairs = sketch.where.endswith("or") or sketch.nest in get_args(Combine)
        key = (sketch.select, sketch.where, sketch.shape, pairs)
        if key not in self._kept:
            selects = self._slots.select(sketch.select)
            wheres = _wheres(self._slots, sketch.where, pairs)
            if not selects or not wheres or selects[0].score + max(one.score for one in wheres) < floor:
                return []
            self._kept[key] = self._made(sketch.shape, selects, wheres)
        return [filling for filling in self._kept[key] if filling[0] >= floor]

    def _made(self, shape: str, selects: list[Option], wheres: list[Option]) -> list[_Filling]:
        found: list[_Filling] = []
        for select, where in product(selects, wheres):
            both, tables = select.score + where.score, select.tables | where.tables
            found += [
                (both + total - TABLE_COST * ((tables | tail.tables).bit_count() - 1), select, where, tail)
                for total, tail in self._behind(shape, where.spans)
            ]
        return sorted(found, key=itemgetter(0), reverse=True)[:MOST_FILLINGS]

    def _behind(self, shape: str, spent: tuple[int, ...]) -> list[tuple[float, _Tail]]:
        if (shape, spent) not in self._tails:
            self._tails[shape, spent] = [(sum(tail.scores), tail) for tail in _tails(self._slots, shape, spent)]
        return self._tails[shape, spent]


def _fill(
    linker: Linker, slots: Slots, fillings: list[_Filling], sketch: Sketch, score: float, parts: tuple[float, ...]
) -> Iterator[Draft]:
    for total, select, where, tail in fillings:
        groups = tuple((one,) for one in where.filters) if sketch.where.endswith("or") else (where.filters,)
        plain = Query(
            select.terms, sketch.distinct == "1", groups if where.filters else (), tail.group, tail.having,
            tail.order, tail.limit,
        )  # fmt: skip
        tables = select.tables | where.tables | tail.tables
        for extra, query, named in _nested(linker, slots, sketch, plain, where):
            more = TABLE_COST * ((tables | named).bit_count() - tables.bit_count())
            yield Draft(
                query, sketch, parts, (select.score, where.score, *tail.scores, extra), tables | named,
                (*where.spans, *tail.spans), score + total + extra - more,
            )  # fmt: skip


def _wheres(slots: Slots, kind: str, pairs: bool) -> list[Option]:
    """Sets of comparisons. Two values for one column are alternatives, or belong to queries that are combined.

    Args:
        pairs: two values for one column fit.
    """
    options = slots.where(int(kind[0]))
    if kind < "2":
        return options[:5]

    def score(option: Option) -> float:
        equal = [one.term.ref for one in option.filters if one.operator == "="]
        return option.score + (ONE_COLUMN if pairs else -ONE_COLUMN) * (len(set(equal)) < len(equal))

    return sorted(options, key=lambda option: -score(option))[:5]


def _tails(slots: Slots, shape: str, spent: tuple[int, ...]) -> list[_Tail]:
    group, having, order, limit = shape.split("|")
    tails = [_Tail((0.0, 0.0, 0.0))]
    if group:
        tails = [
            replace(tail, scores=(option.score, 0.0, 0.0), group=tuple(term.ref for term in option.terms),
                    tables=option.tables)
            for tail in tails for option in (slots.one("group", 4) if group == "g" else slots.sets("group", 2, 3))
        ]  # fmt: skip
    if having:
        tails = [grown for tail in tails for grown in _having(slots, having, tail, spent)]
    if order:
        tails = [grown for tail in tails for grown in _order(slots, order, tail)]
    if limit == "1":
        tails = [replace(tail, limit=1) for tail in tails]
    elif limit:
        tails = [grown for tail in tails for grown in _limit(slots, tail, spent)]
    return sorted(tails, key=lambda tail: -sum(tail.scores))[:6]


def _limit(slots: Slots, tail: _Tail, spent: tuple[int, ...]) -> Iterator[_Tail]:
    for _, span, number in slots.numbers((*spent, *tail.spans))[:2]:
        if isinstance(number, int) and 0 < number <= 1000:
            yield replace(tail, limit=number, spans=(*tail.spans, span))


def _targets(slots: Slots, kind: str, role: str) -> list[tuple[float, Term, int]]:
    if kind == "*":
        return [(star.score, Term(star.terms[0].ref, "count"), star.tables) for star in slots.stars(2)]
    if kind in ("arith", "other", "all"):
        return []
    found: list[tuple[float, Term, int]] = []
    for option in slots.one(role, 4):
        ref = option.terms[0].ref
        term = (
            Term(ref)
            if kind == "c"
            else Term(ref, "count", True)
            if kind == "countd"
            else Term(ref, cast(Function, kind))
        )
        found.append((option.score, term, option.tables))
    return found


def _having(slots: Slots, kind: str, tail: _Tail, spent: tuple[int, ...]) -> Iterator[_Tail]:
    for chance, span, number in slots.numbers((*spent, *tail.spans))[:2]:
        for score, term, tables in _targets(slots, kind, "aggregate")[:2]:
            for likely, operator in slots.having(span):
                yield replace(
                    tail, scores=(tail.scores[0], chance + score + likely, tail.scores[2]),
                    having=(Filter(term, operator, number),), tables=tail.tables | tables, spans=(*tail.spans, span),
                )  # fmt: skip


def _order(slots: Slots, kinds: str, tail: _Tail) -> Iterator[_Tail]:
    first, *more = kinds.split(",")
    for score, term, tables in _targets(slots, first[1:], "order"):
        order = (Order(term, first[0] == "D"),)
        if more:
            others = [one for one in _targets(slots, more[0][1:], "order") if one[1] != term][:1]
            if not others:
                continue
            order = (*order, Order(others[0][1], more[0][0] == "D"))
            tables |= others[0][2]
        yield replace(tail, scores=(*tail.scores[:2], score), order=order, tables=tail.tables | tables)


def _nested(
    linker: Linker, slots: Slots, sketch: Sketch, plain: Query, where: Option
) -> Iterator[tuple[float, Query, int]]:
    kind = sketch.nest
    if kind in ("none", "in"):
        yield 0.0, plain, 0
    elif kind in ("intersect", "union"):
        if len(where.filters) >= 2 and not plain.group:
            left, right = where.filters[:1], where.filters[1:]
            other = Query(plain.select, plain.distinct, (right,))
            yield 0.0, replace(plain, where=(left,), combine=(cast(Combine, kind), other)), 0
    elif kind in ("notin", "except"):
        yield from _without(linker, slots, plain, where)
        if where.filters:
            other = Query(plain.select, plain.distinct, (where.filters,))
            yield -0.5 if kind == "notin" else 0.0, replace(plain, where=(), combine=("except", other)), 0
    elif kind != "other":
        yield from _against(slots, kind, plain, where)


def _against(slots: Slots, kind: str, plain: Query, where: Option) -> Iterator[tuple[float, Query, int]]:
    """A column against an aggregate of its own."""
    operator = kind.rstrip("abcdefghijklmnopqrstuvwxyz")
    function = kind[len(operator) :]
    for option in slots.one("order", 3):
        ref = option.terms[0].ref
        inner = Query((Term(ref, cast(Function, function)),))
        one = Filter(Term(ref), cast(Operator, operator), inner)
        groups = tuple((*group, one) for group in plain.where) or ((one,),)
        yield option.score, replace(plain, where=groups), option.tables
        if where.filters:
            inside = replace(one, value=replace(inner, where=plain.where))
            yield option.score - 0.5, replace(plain, where=((inside,),)), option.tables


def _without(linker: Linker, slots: Slots, plain: Query, where: Option) -> Iterator[tuple[float, Query, int]]:
    """Rows of the selected table that another table's key does not name."""
    at = plain.select[0].ref.table
    for edge in linker.graph.edges:
        if at not in (edge.table, edge.to) or len(edge.columns) != 1:
            continue
        own, other = (edge.to_columns[0], Ref(edge.table, edge.columns[0])) if edge.to == at else (
            edge.columns[0], Ref(edge.to, edge.to_columns[0]))  # fmt: skip
        if other.table == at or (edge.table == at and not where.filters):
            continue
        named = 0.0 if where.tables >> other.table & 1 else -1.5 * (1 - slots.links.tables[other.table].cover)
        if where.filters:
            inside = Filter(Term(Ref(at, own)), "not in", Query((Term(other),), where=plain.where))
            yield named - 0.3, replace(plain, where=((inside,),)), 1 << other.table
        else:
            outside = Filter(Term(Ref(at, own)), "not in", Query((Term(other),)))
            yield named, replace(plain, where=((outside,),)), 1 << other.table

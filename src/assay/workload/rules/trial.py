"""Tries indexes for one statement with the server's own planner, and keeps those that it uses and that pay."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from assay.ports.databases import Imagined, PlanJson, Session
from assay.ports.errors import Refused, TimedOut
from assay.sources.model import Table
from assay.workload.facts import Key, Predicate, TableUse
from assay.workload.index import IndexDraft, IndexKey, exists_already
from assay.workload.plan import read_plan
from assay.workload.plan_model import Plan
from assay.workload.rules.draft import StatementUnderScan
from assay.workload.rules.thresholds import (
    DRAFTS_A_TABLE,
    FURTHER_SAVING,
    LEAST_SAVING,
    MIN_MEAN_MS,
    MIN_ROWS,
    ROUNDS,
)  # fmt: skip
from assay.workload.samples import Values
from assay.workload.whatif import index_names

_SAMPLES = 3
_UNORDERED = frozenset({"json", "jsonb", "xml", "point", "box", "bytea", "tsvector"})
_WIDEST = 400
"""Bytes a key may have on average; a B-tree refuses entries over 2,704."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One index that pays for this statement, on top of the ones before it."""

    draft: IndexDraft
    before: tuple[float, ...]
    """Costs without it, one a sample."""
    after: tuple[float, ...]
    plan: Plan
    bytes: int
    name_in_plan: str
    joins: bool
    """Its first key is what a join looks up."""
    took_ms: float

    @property
    def savings(self) -> tuple[float, ...]:
        """Share saved, one a sample; negative is dearer."""
        return tuple(1 - a / b if b else 0.0 for a, b in zip(self.after, self.before, strict=True))


@dataclass(slots=True)
class Trial:
    """What was tried for a statement."""

    chosen: list[Chosen] = field(default_factory=list[Chosen])
    tried: int = 0
    refused: list[str] = field(default_factory=list[str])


def trial(statement: StatementUnderScan) -> Trial:
    """Try indexes for a statement once; rules share the answer."""
    if "trial" not in statement.memory:
        statement.memory["trial"] = _try(statement)
    return statement.memory["trial"]


def _try(statement: StatementUnderScan) -> Trial:
    found = Trial()
    session = statement.session
    if session is None or not statement.hypopg or statement.ran.mean_ms < MIN_MEAN_MS or not statement.reads_much:
        return found
    drafts = list(drafts_for(statement))
    kept: list[Imagined] = []
    costs = statement.costs[:_SAMPLES]
    base = costs
    try:
        for number in range(ROUNDS):
            best = _best(statement, session, drafts, costs, found)
            least = LEAST_SAVING if number == 0 else FURTHER_SAVING
            if best is None or _saved(base, best.after, costs) < least:
                break
            found.chosen.append(best)
            kept.append(session.imagine(best.draft.hypothetical()))
            costs = best.after
            if sum(costs) < FURTHER_SAVING * sum(base):
                break  # what is left is less than another index would have to save
            drafts = [draft for draft in drafts if draft.keys[0].text != best.draft.keys[0].text
                      or draft.relation != best.draft.relation]  # fmt: skip
    finally:
        for imagined in kept:
            session.forget(imagined)
    return found


def _saved(base: tuple[float, ...], after: tuple[float, ...], before: tuple[float, ...]) -> float:
    """Share of today's cost that a step saves, median over the samples."""
    return median((b - a) / t if t else 0.0 for t, a, b in zip(base, after, before, strict=True))


def _best(
    statement: StatementUnderScan, session: Session, drafts: list[IndexDraft], costs: tuple[float, ...], found: Trial
) -> Chosen | None:
    """Cost every draft with the first sample, the best few with all, and take the narrowest of those close together."""
    first: list[tuple[float, IndexDraft]] = []
    today = costs[0] if costs else 0.0
    for draft in list(drafts):
        statement.tick()
        one = _costed(statement, session, draft, statement.samples[:1], found)
        if one is None:
            drafts.remove(draft)
        elif one.after[0] < today * 0.98 or len(costs) > 1:
            first.append((one.after[0], draft))
    first.sort(key=lambda pair: (pair[0], len(pair[1].keys)))
    close = [draft for cost, draft in first if cost <= first[0][0] * 1.03]
    rest = [draft for _, draft in first if draft not in close]
    finalists = [*sorted(close, key=lambda d: len(d.keys))[:2], *rest[:1]]
    full = [
        chosen for draft in finalists
        if (chosen := _costed(statement, session, draft, statement.samples[:_SAMPLES], found, costs)) is not None
    ]  # fmt: skip
    if not full:
        return None
    least = min(sum(chosen.after) for chosen in full)
    near = [chosen for chosen in full if sum(chosen.after) <= least * 1.03]
    return min(near, key=lambda chosen: len(chosen.draft.keys))


def _costed(
    statement: StatementUnderScan, session: Session, draft: IndexDraft, samples: tuple[Values, ...], found: Trial,
    before: tuple[float, ...] = (),
) -> Chosen | None:  # fmt: skip
    """Plan with one more index; None when the planner cannot imagine it or uses it for no sample."""
    began = time.perf_counter()
    try:
        imagined = session.imagine(draft.hypothetical())
    except Refused as error:
        found.refused.append(f"{draft.title()}: {error.message}")
        return None
    try:
        plans: list[PlanJson] = [session.plan(statement.planned, sample.values) for sample in samples]
    except (Refused, TimedOut):
        return None
    finally:
        session.forget(imagined)
    found.tried += len(plans)
    used = [plan for plan in plans if imagined.name in index_names(plan)]
    if not used:
        return None
    shown = plans[0] if plans[0] in used else used[0]
    after = tuple(float(plan["Total Cost"]) for plan in plans)
    place = plans.index(shown)
    return Chosen(
        draft, before or after, after, read_plan(shown, "custom", samples[place].values), imagined.bytes, imagined.name,
        _joins(statement, draft), (time.perf_counter() - began) * 1_000,
    )  # fmt: skip


def _joins(statement: StatementUnderScan, draft: IndexDraft) -> bool:
    lead = draft.keys[0].text
    mine = [p for p in statement.facts.predicates if p.key.text == lead and p.key.table == draft.relation]
    return any(p.kind == "join" for p in mine) and not any(p.kind in ("equality", "in", "range") for p in mine)


# which indexes are worth a try ------------------------------------------------------------------------------------


def drafts_for(statement: StatementUnderScan) -> Iterator[IndexDraft]:
    """Yield the indexes that a person would think of for each table: equality columns, then a range or the order."""
    seen: set[tuple[object, ...]] = set()
    for use in statement.facts.tables:
        table = statement.tables.get(use.table)
        if table is None or statement.rows(use.table) < MIN_ROWS:
            continue
        count = 0
        for keys in _orders(statement, use, table):
            draft = IndexDraft(table.schema_name, table.name, keys)
            if draft.same_work() in seen or count >= DRAFTS_A_TABLE:
                continue
            seen.add(draft.same_work())
            if exists_already(draft, table) is None:
                count += 1
                yield draft


def _orders(statement: StatementUnderScan, use: TableUse, table: Table) -> Iterator[tuple[IndexKey, ...]]:
    mine = [p for p in statement.facts.predicates
            if (p.alias, p.block) == (use.alias, use.block) and p.conjunct and _fits(p.key, table)]  # fmt: skip
    equal = _keys(table, mine, "equality", "in", "null")
    joined = _keys(table, mine, "join")
    ranged = _keys(table, mine, "range", "prefix")
    order = _sort_keys(statement, use, table, grouping=False) or _sort_keys(statement, use, table, grouping=True)
    full = tuple(equal[:3])
    if full and order:
        yield (*full, *[key for key in order if key.text not in {k.text for k in full}][:2])
    if full and ranged:
        yield (*full, ranged[0])
    if full:
        yield full
    for key in joined[:2]:
        yield (key,)
        if full:
            yield (key, *full[:2])
            yield (*full[:2], key)
    for key in (*equal, *ranged):
        yield (key,)
    if order:
        yield order


def _keys(table: Table, predicates: list[Predicate], *kinds: str) -> list[IndexKey]:
    """Keys of conditions, most distinct first, since that leaves least to look at."""
    found: dict[str, IndexKey] = {}
    for predicate in predicates:
        if predicate.kind in kinds and not (predicate.kind == "null" and predicate.operator == "IS NOT NULL"):
            opclass = "text_pattern_ops" if predicate.kind == "prefix" else ""
            found.setdefault(predicate.key.text, IndexKey(predicate.key.text, predicate.key.column, opclass=opclass))
    return sorted(found.values(), key=lambda key: -_distinct(table, key))


def _sort_keys(statement: StatementUnderScan, use: TableUse, table: Table, *, grouping: bool) -> tuple[IndexKey, ...]:
    """The leading run of the block's sort keys that belongs to this table; empty when the first does not."""
    run = sorted(
        (s for s in statement.facts.sorts if s.block == use.block and s.grouping == grouping), key=lambda s: s.position
    )
    keys: list[IndexKey] = []
    for place, sort in enumerate(run):
        if sort.alias != use.alias or sort.position != place or not _fits(sort.key, table):
            break
        keys.append(IndexKey(sort.key.text, sort.key.column, sort.descending, sort.nulls_first))
    return tuple(keys[:3])


def _fits(key: Key, table: Table) -> bool:
    columns = [column for column in table.columns if column.name in key.columns]
    if "$" in key.text and any(part[:1].isdigit() for part in key.text.split("$")[1:]):
        return False
    if key.column is None:
        return True
    return not any(c.type.partition("(")[0] in _UNORDERED or (c.avg_width or 0) > _WIDEST for c in columns)


def _distinct(table: Table, key: IndexKey) -> float:
    column = next((c for c in table.columns if c.name == key.column), None)
    if column is None or column.n_distinct is None:
        return 200.0
    return column.n_distinct if column.n_distinct >= 0 else -column.n_distinct * max(table.rows, 0.0)

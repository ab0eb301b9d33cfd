"""Judges statements that a model wrote otherwise: their cost, and whether made-up databases tell them apart."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from assay.ports.databases import Session
from assay.ports.errors import Refused, TimedOut
from assay.ports.ledger import Tried
from assay.sources.model import Schema, Table
from assay.workload.advice_model import Draft, Proposal
from assay.workload.facts import StatementFacts
from assay.workload.made_up import Compared, Wanted, can_be_made, compare
from assay.workload.statement import facts, layout, repair
from assay.workload.verify import LEAST_SAVING, MOST_DEARER
from assay.workload.whatif import Costed, Weighed, WhatIf


class _Not(Exception):
    """It is not shown; the message says why."""


def judge_rewrites(
    session: Session, proposals: Sequence[Proposal], whatif: WhatIf, schema: Schema, late: Callable[[], bool]
) -> tuple[list[Draft], tuple[Proposal, ...]]:
    """Return what is shown of the rewrites among the proposals, and all proposals with what came of each.

    At best a rewrite is an estimate: that nothing tells two statements apart on made-up rows proves nothing.
    """
    places = {statement.id: place for place, statement in enumerate(whatif.statements)}
    drafts: list[Draft] = []
    judged: list[Proposal] = []
    for one in proposals:
        if one.rewrite is not None and one.statement is not None:
            try:
                place = places.get(one.statement)
                if place is None or place in whatif.unplannable:
                    raise _Not("its statement could not be planned")
                draft = _judged(session, one, whatif.statements[place], whatif.cost(place, 0), schema, late)
                if draft.key in {other.key for other in drafts}:
                    raise _Not("it was proposed before")
                drafts.append(draft)
            except _Not as reason:
                one = replace(one, refused=str(reason))
            except RecursionError:
                one = replace(one, refused="it is nested too deep")
        judged.append(one)
    return drafts, tuple(judged)


def _judged(
    session: Session, one: Proposal, statement: Weighed, today: Costed, schema: Schema, late: Callable[[], bool]
) -> Draft:
    text = repair(one.rewrite or "", schema)
    try:
        costs = tuple(float(session.plan(text, values or None)["Total Cost"]) for values in statement.samples)
    except (Refused, TimedOut) as error:
        raise _Not("the server does not plan it") from error
    after = sum(share * cost for share, cost in zip(statement.shares, costs, strict=True))
    gain = 1.0 - after / today.mean if today.mean else 0.0
    worst = max((now / was - 1.0 for now, was in zip(costs, today.costs, strict=True) if was), default=0.0)
    if gain < LEAST_SAVING:
        raise _Not(f"it takes {gain:.0%} off the statement's cost; at least {LEAST_SAVING:.0%} is shown")
    if worst > MOST_DEARER:
        raise _Not(f"with other values it costs {worst:.1%} more")
    both = (statement.facts, facts(text, schema))
    wanted = [_wanted(both, sample) for sample in statement.samples]
    compared = compare(session, statement.text, text, _tables(both, schema), statement.samples, wanted, late)
    if compared.against is not None:
        raise _Not(compared.against)
    return _draft(one, statement, text, today.mean, after, compared)


def _tables(both: Sequence[StatementFacts], schema: Schema) -> list[Table]:
    """All tables that either reads; raises _Not when they cannot be made up."""
    known = {table.qualified: table for table in schema.tables}
    reads: dict[str, set[str]] = defaultdict(set)
    for found in both:
        for use in found.tables:
            reads[use.table] |= use.columns
    tables = [known[name] for name in reads]
    if len({table.name for table in tables}) < len(tables):
        raise _Not("two tables of one name cannot be made up")
    for table in tables:
        for column in table.columns:
            if column.name in reads[table.qualified] and not can_be_made(column):
                raise _Not("values of a column's type cannot be made up")
    return tables


def _wanted(both: Sequence[StatementFacts], sample: Sequence[str | None]) -> Wanted:
    """For each column, the values that conditions compare it with."""
    wanted: dict[tuple[str, str], list[str]] = defaultdict(list)
    for found in both:
        for number, (key, _) in found.parameter_keys.items():
            value = sample[number - 1] if len(sample) >= number else None
            if value is not None:
                wanted[key.table, key.column or ""].append(value)
        for predicate in found.predicates:
            if predicate.constant is not None and predicate.key.column is not None:
                wanted[predicate.key.table, predicate.key.column].append(_plain(predicate.constant))
    return wanted


def _plain(constant: str) -> str:
    """The text of a literal, without its quotes."""
    return constant[1:-1].replace("''", "'") if constant.startswith("'") else constant


def _draft(one: Proposal, statement: Weighed, text: str, before: float, after: float, compared: Compared) -> Draft:
    title = f"Write {statement.title or statement.id} otherwise"
    gain = 100.0 * (1.0 - after / before)
    table = statement.facts.tables[0].table
    return Draft(
        key=f"rewrite:{statement.id}:{hashlib.sha256(text.encode()).hexdigest()[:12]}",
        outcome="estimate", type="rewrite", title=title, table=table, rewrite=layout(text), helps=(statement.id,),
        rationale=f"The planner expects {after:,.0f} instead of {before:,.0f} cost units. {one.by} proposed it; no "
        "rule of ours knows that both mean the same.",
        risk="medium",
        risk_reason="The application's text changes. Compare the rows of both on your data before release.",
        confidence=0.5, confidence_reason="Costs are the planner's; that both mean the same is not proved.",
        improvement_pct=round(gain, 1), before_cost=round(before, 2), after_cost=round(after, 2), costed=1,
        missing=(
            f"Whether both return the same rows for all data: they did on {compared.worlds} small made-up databases "
            f"with NULLs and duplicates, with {compared.answers} different answers; that is no proof.",
        ),
        claim=f"Nothing tells {statement.id} and its rewrite apart on {compared.worlds} made-up databases.",
        checks=(
            Tried("The planner costed both", True, f"{len(statement.samples)} sets of values"),
            Tried(f"It takes at least {LEAST_SAVING:.0%} off", gain >= 100 * LEAST_SAVING, f"{gain:.1f} %"),
            Tried("No made-up database tells them apart", compared.against is None, f"{compared.worlds} databases"),
        ),
        facts={"statement": statement.text, "rewrite": text, "before": round(before, 2), "after": round(after, 2),
               "worlds": compared.worlds, "answers": compared.answers},
        reproduce=f"EXPLAIN {statement.text};\nEXPLAIN {text};", proposed_by=(one.by,),
    )  # fmt: skip

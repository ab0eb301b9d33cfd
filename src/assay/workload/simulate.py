"""Plans one statement without and with one fix, and says what that changes; nothing is built."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from assay.ports.databases import Imagined, Session
from assay.ports.errors import Invalid, Refused
from assay.ports.ledger import Tried
from assay.sources.model import Schema
from assay.workload.compare import compare
from assay.workload.index_proof import reproduce_index
from assay.workload.model import Recommendation
from assay.workload.plan import read_plan, uses_index
from assay.workload.plan_model import Plan, PlanComparison, Sample
from assay.workload.samples import guessed_constants, sample_values
from assay.workload.statement import facts, repair
from assay.workload.whatif import Values, hypothetical_left

SAMPLES = 3
_NAMED = re.compile(
    r'^\s*CREATE\s+(UNIQUE\s+)?INDEX\s+(CONCURRENTLY\s+)?(IF\s+NOT\s+EXISTS\s+)?("(?:[^"]|"")+"|[^\s"]+)\s+ON\s+(ONLY\s+)?',
    re.IGNORECASE,
)
_DROPPED = re.compile(r"^\s*DROP\s+INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+EXISTS\s+)?(.+?)[\s;]*$", re.IGNORECASE)
HIDDEN_FROM = (1, 4)
"""hypopg can leave an existing index out of a plan from this version on."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """What one fix does to one statement."""

    before_cost: float
    after_cost: float
    """Planner units, medians over the samples."""
    improvement_pct: float
    """Median over the samples; negative is dearer."""
    comparison: PlanComparison
    """Of the sample whose improvement is the median."""
    samples: tuple[Sample, ...]
    uses_index: bool
    clean: bool
    """No hypothetical index was left."""
    took_ms: float
    checks: tuple[Tried, ...]
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    reproduce: str | None = None


@dataclass(frozen=True, slots=True)
class _Pair:
    values: Values
    origin: str
    before: Plan
    after: Plan

    @property
    def improvement(self) -> float:
        return 100.0 * (1.0 - self.after.cost / self.before.cost) if self.before.cost > 0 else 0.0


def simulate(
    session: Session, statement: str, samples: Sequence[Values], recommendation: Recommendation, schema: Schema
) -> Simulated:
    """Plan a statement for each set of values, today and with the fix.

    A new index is imagined with hypopg; a rewrite is planned as it is written; an index to drop is left out with
    hypopg_hide_index where hypopg has that (1.4), otherwise only looked for in today's plan: what a plan does not use
    it cannot miss, and where the plan does use it no cost can be given.

    Raises Invalid when the recommendation cannot be planned at all (a GIN index), and what the session raises.
    Hypothetical indexes are gone when this returns or raises, unless the connection broke; then so are they.
    """
    began = time.perf_counter()
    text = repair(statement, schema)
    chosen = _samples(session, statement, text, samples, schema)
    readable: dict[str, str] = {}
    try:
        before = [read_plan(session.plan(text, v or None), "custom", v) for v, _ in chosen]
        if recommendation.rewrite is not None:
            rewritten = repair(recommendation.rewrite.text, schema)
            after = [read_plan(session.plan(rewritten, v or None), "custom", v) for v, _ in chosen]
            used = False
        elif recommendation.type in ("redundant_index", "unused_index"):
            after, used = _without(session, text, chosen, before, recommendation)
        else:
            imagined = session.imagine(definition_of(recommendation))
            readable[imagined.name] = created_name(recommendation.ddl or "") or imagined.name
            after = [read_plan(session.plan(text, v or None), "custom", v) for v, _ in chosen]
            used = any(uses_index(plan, imagined.name) for plan in after)
    finally:
        session.forget()
    left = hypothetical_left(session)
    pairs = [_Pair(v, o, b, a) for (v, o), b, a in zip(chosen, before, after, strict=True)]
    return _simulated(session, pairs, recommendation, schema, readable, used, left, text, began)


def definition_of(recommendation: Recommendation) -> str:
    """The CREATE INDEX text that hypopg takes; raises Invalid for a fix that is no index it can imagine."""
    if recommendation.ddl is None or not _NAMED.match(recommendation.ddl):
        raise Invalid(f"{recommendation.title}: this is no index that can be imagined.", field="rec_id")
    if recommendation.type == "unimaginable_index":
        raise Invalid(
            f"{recommendation.title}: hypopg imagines B-tree, hash, BRIN and bloom indexes only, so what this one "
            "would do cannot be planned without building it.",
            field="rec_id",
        )
    return _NAMED.sub("CREATE INDEX ON ", recommendation.ddl)


def created_name(ddl: str) -> str | None:
    """The name, unquoted, of the index that a CREATE INDEX makes; None when it is no such statement."""
    found = _NAMED.match(ddl)
    return _unquoted(found.group(4)) if found else None


def dropped_name(ddl: str) -> str | None:
    """The name, unquoted and without schema, of the index that a DROP INDEX drops; None for another statement."""
    found = _DROPPED.match(ddl)
    return _unquoted(re.findall(r'"(?:[^"]|"")+"|[^.\s]+', found.group(1))[-1]) if found else None


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _samples(
    session: Session, statement: str, text: str, samples: Sequence[Values], schema: Schema
) -> list[tuple[Values, str]]:
    """The given values, or realistic ones made now; one empty set for a statement without parameters."""
    if samples:
        return [(tuple(values), "given") for values in samples[:SAMPLES]]
    found = facts(statement, schema)
    if not found.parameters:
        return [((), "no parameters")]
    guessed = guessed_constants(statement, schema, found)
    types = session.parameter_types(text)
    made = sample_values(found, schema, SAMPLES, text=statement, types=types, constants=guessed)
    return [(one.values, one.origin) for one in made]


def _without(
    session: Session, text: str, chosen: list[tuple[Values, str]], before: list[Plan], recommendation: Recommendation
) -> tuple[list[Plan], bool]:
    """Plan without the index that is to go; (plans, whether today's plans use it)."""
    dropped = _DROPPED.match(recommendation.ddl or "")
    name = dropped_name(recommendation.ddl or "")
    if dropped is None or name is None:
        raise Invalid(f"{recommendation.title}: this names no index to drop.", field="rec_id")
    used = any(uses_index(plan, name) for plan in before)
    if not can_hide(session):
        if used:
            raise Refused(
                f"This statement's plan uses {name} today. What it would cost without it is not known: hypopg "
                f"{session.facts.extensions.get('hypopg', '')} cannot leave out an index that exists (1.4 can).",
                sqlstate="0A000",
            )
        return before, False
    session.rows("SELECT hypopg_hide_index(%s::regclass::oid)", (dropped.group(1),))
    try:
        return [read_plan(session.plan(text, v or None), "custom", v) for v, _ in chosen], used
    finally:
        session.rows("SELECT hypopg_unhide_all_indexes()")


def can_hide(session: Session) -> bool:
    """Whether this server's hypopg can leave an existing index out of plans."""
    version = session.facts.extensions.get("hypopg", "")
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2]) >= HIDDEN_FROM


def _simulated(
    session: Session,
    pairs: list[_Pair],
    recommendation: Recommendation,
    schema: Schema,
    readable: Mapping[str, str],
    used: bool,
    left: int,
    text: str,
    began: float,
) -> Simulated:
    ranked = sorted(pairs, key=lambda pair: pair.improvement)
    middle = ranked[len(ranked) // 2]
    rows = {table.name: table.rows for table in schema.tables if table.rows >= 0}
    comparison = compare(middle.before, middle.after, rows, readable)
    if recommendation.type in ("redundant_index", "unused_index"):
        comparison = comparison.model_copy(update={"not_known": (*comparison.not_known, *_of_drops(session))})
    before, after = median(p.before.cost for p in pairs), median(p.after.cost for p in pairs)
    improvement = round(median(p.improvement for p in pairs), 2)
    imagined = recommendation.rewrite is None and recommendation.ddl is not None and bool(readable)
    took = (time.perf_counter() - began) * 1e3
    checks = [Tried("Planned as it is", True, f"{len(pairs)} sets of values"), Tried("Planned with the fix", True)]
    if imagined:
        checks.append(Tried("The plan uses the index", used))
    checks += [
        Tried("It does not get dearer", improvement >= 0, f"{improvement:.1f} % less"),
        Tried("No hypothetical index was left", left == 0, f"{left} left"),
    ]
    return Simulated(
        before_cost=before,
        after_cost=after,
        improvement_pct=improvement,
        comparison=comparison,
        samples=tuple(
            Sample(values=p.values, origin=p.origin, before=p.before.cost, after=p.after.cost) for p in pairs
        ),
        uses_index=used and imagined,
        clean=left == 0,
        took_ms=took,
        checks=tuple(checks),
        facts={
            "before": round(before, 2),
            "after": round(after, 2),
            "improvement_pct": improvement,
            "samples": [[round(p.before.cost, 2), round(p.after.cost, 2)] for p in pairs],
            "fix": recommendation.ddl or (recommendation.rewrite.text if recommendation.rewrite else ""),
            "server_version": session.facts.version,
        },
        reproduce=reproduce_index(definition_of(recommendation), (), text, middle.values) if imagined else None,
    )


def _of_drops(session: Session) -> tuple[str, ...]:
    if can_hide(session):
        return ()
    return (
        f"hypopg {session.facts.extensions.get('hypopg', '')} cannot leave out an index that exists; the plan does not "
        "use it today, so it is the plan without it too.",
    )


def imagine_all(session: Session, definitions: Sequence[str]) -> list[Imagined]:
    """Imagine several indexes, in order."""
    return [session.imagine(definition) for definition in definitions]

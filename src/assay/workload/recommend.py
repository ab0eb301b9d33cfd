"""Turns a verified index into a recommendation: its name, its reasons in words, its risk and its confidence."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from assay.ports.databases import ServerFacts
from assay.ports.ledger import Tried
from assay.sources.model import Table
from assay.workload.advice_model import Draft, Effect
from assay.workload.candidates import joins
from assay.workload.index import IndexDraft, index_name
from assay.workload.index_proof import index_facts, index_payload, reproduce_index, weighted
from assay.workload.model import RecommendationType, Risk
from assay.workload.statements.writer import quoted
from assay.workload.verify import LEAST_SAVING, MOST_DEARER, Verified, worst
from assay.workload.whatif import Weighed
from assay.workload.writes import overhead

HEAP_RATE = 200e6
"""Bytes of table read a second while building; CREATE INDEX CONCURRENTLY reads it twice."""
SORT_RATE = 500e3
"""Rows sorted and written a second while building, on one core."""
_MB = 1e6
_TIMES = "Whether the planner's costs are this server's times was not measured."


@dataclass(slots=True)
class Setting:
    """What recommendations of one advice share."""

    tables: Mapping[str, Table]
    statements: Mapping[str, Weighed]
    server: ServerFacts
    base_cost: float
    planned_share: float
    """Of the statements' calls, those of statements that could be planned."""
    read_at: datetime
    tables_written: Mapping[str, float] = field(default_factory=dict[str, float])
    taken: set[str] = field(default_factory=set[str])
    """Names of indexes there are, and that were given already."""


def index_draft(found: Verified, setting: Setting, clean: bool) -> Draft:
    """Write one recommendation, shown or withheld as it was verified."""
    draft, table = found.draft, setting.tables[found.draft.relation]
    name = index_name(draft, setting.taken)
    setting.taken.add(name)
    helped = found.helped or tuple(sorted(found.shown, key=lambda effect: -effect.gain)[:1])
    given = () if found.stands_alone else tuple(one.hypothetical() for one in found.given)
    concurrently = table.kind != "partitioned"
    ddl = draft.ddl(name, concurrently=concurrently)
    before, after = weighted(helped, "before"), weighted(helped, "after")
    confidence, why_confident = _confidence(helped, table, setting)
    checks = _checks(found, setting, clean)
    reason = found.failed or (None if clean else "Hypothetical indexes were left on the server.")
    risk, risk_reason = _risk(found, table, setting)
    first = setting.statements[helped[0].id] if helped else None
    return Draft(
        key=index_key(draft),
        outcome="withheld" if reason else "estimate" if found.trade else "assayed",
        type=kind_of(draft, [setting.statements[effect.id] for effect in helped]),
        title=f"Create an index on {draft.title()}",
        table=draft.relation,
        rationale=_rationale(found, helped, table, setting),
        risk=risk,
        risk_reason=risk_reason,
        confidence=confidence,
        confidence_reason=why_confident,
        ddl=ddl,
        undo=f"DROP INDEX {'CONCURRENTLY ' if concurrently else ''}{quoted(draft.schema)}.{quoted(name)}",
        index_name=name,
        improvement_pct=round(100.0 * (1.0 - after / before), 1) if before else None,
        before_cost=round(before, 2),
        after_cost=round(after, 2),
        bytes=found.bytes,
        build_seconds=round(build_seconds(table), 1),
        write_overhead_pct=_rounded(overhead([draft], setting.tables, list(setting.statements.values()))),
        helps=tuple(effect.id for effect in found.helped),
        costed=found.guarded,
        dearer=sum(worst(effect) > MOST_DEARER for effect in found.alone),
        missing=(*((found.trade.words,) if found.trade else ()), _TIMES),
        withheld_reason=reason,
        claim=_claim(draft, helped),
        checks=checks,
        facts=index_facts(ddl, given, helped, found.bytes, setting.server),
        reproduce=reproduce_index(draft.hypothetical(), given, first.text, first.samples[0]) if first else None,
        replay=index_payload(draft.hypothetical(), ddl, given, helped, setting.statements),
    )


def index_key(draft: IndexDraft) -> str:
    """A key that is the same for the same index in every advice."""
    return f"index:{draft.relation}:{hashlib.sha256(draft.body().encode()).hexdigest()[:12]}"


def kind_of(draft: IndexDraft, helped: Sequence[Weighed]) -> RecommendationType:
    """Name what is special about an index."""
    if any(key.column is None for key in draft.keys):
        return "expression_index"
    if draft.predicate:
        return "partial_index"
    if draft.include:
        return "covering_index"
    if helped and joins(draft, helped[0].facts):
        return "join_index"
    return "composite_index" if len(draft.keys) > 1 else "missing_index"


def build_seconds(table: Table) -> float:
    """Estimate CREATE INDEX CONCURRENTLY: two reads of the table at HEAP_RATE and one sort of its rows at SORT_RATE."""
    return 2.0 * heap_bytes(table) / HEAP_RATE + max(table.rows, 0.0) / SORT_RATE


def heap_bytes(table: Table) -> int:
    """Size of a table; of a partitioned one, whose own is 0, what its rows and their widths come to."""
    width = 24 + sum(column.avg_width or 8 for column in table.columns)
    return table.bytes or round(max(table.rows, 0.0) * width)


def _claim(draft: IndexDraft, helped: Sequence[Effect]) -> str:
    best = max((effect.gain for effect in helped), default=0.0)
    return f"An index on {draft.title()} takes {best:.0%} off the planner's cost of a statement and makes none dearer."


def _checks(found: Verified, setting: Setting, clean: bool) -> tuple[Tried, ...]:
    pays = max((effect.gain for effect in found.within if effect.uses), default=0.0)
    used = sum(effect.uses for effect in found.within)
    dearest = max((worst(effect) for effect in found.alone), default=0.0)
    return (
        Tried("The planner costed it", bool(found.within), f"{found.plans} plans of {len(found.within)} statements"),
        Tried("A plan uses it", used > 0, f"{used} of {len(found.within)} statements, the rest of the set being there"),
        Tried(
            f"It takes at least {LEAST_SAVING:.0%} off a statement",
            pays >= LEAST_SAVING,
            f"{pays:.1%} off the one it helps most, the rest of the set being there",
        ),
        Tried(
            f"No statement gets more than {MOST_DEARER:.0%} dearer",
            found.failed is None or dearest <= MOST_DEARER,
            f"{found.guarded} statements, all samples; the worst costs {dearest:.2%} more",
        ),
        *((Tried("Nothing else withholds it", False, found.failed),) if found.failed else ()),
        Tried("No hypothetical index was left", clean, f"hypopg {setting.server.extensions.get('hypopg', '')}".strip()),
    )


def _rationale(found: Verified, helped: Sequence[Effect], table: Table, setting: Setting) -> str:
    if not helped:
        return f"No statement gets cheaper with an index on {found.draft.title()}."
    best = helped[0]
    statement = setting.statements[best.id]
    count = sum(setting.statements[effect.id].calls for effect in helped)
    before, after = best.mean(best.before), best.mean(best.after)
    what = f"“{statement.title}”" if statement.title else f"statement {best.id}"
    words = [
        f"{_count(len(helped), 'statement')} that ran {count:,.0f} times would use it.",
        f"For {what} the planner expects {_cost(after)} instead of {_cost(before)} cost units ({-best.gain:+.0%}).",
    ]
    saved = weighted(helped, "before") - weighted(helped, "after")
    if setting.base_cost > 0:
        words.append(f"Over all calls that is {saved / setting.base_cost:.1%} of the workload's cost.")
    gains = best.gains
    if len(gains) > 1 and max(gains) - min(gains) > 0.1:
        words.append(f"Over {len(gains)} sets of values it saves between {min(gains):.0%} and {max(gains):.0%}.")
    more = [effect for effect in found.alone if effect.uses and effect.block_gain < -0.1]
    if more:
        dearest = min(more, key=lambda effect: effect.block_gain)
        was, will = dearest.mean(dearest.touched), dearest.mean(dearest.blocks_after)
        words.append(f"Statement {dearest.id} would touch about {will:,.0f} blocks instead of {was:,.0f}, mostly "
                     "cached ones again and again, though the planner expects it to cost less.")  # fmt: skip
    if not found.stands_alone:
        words.append(f"It pays only together with {_others(found)}.")
    if table.rows >= 0:
        words.append(f"{table.name} has {table.rows:,.0f} rows in {heap_bytes(table) / _MB:,.1f} MB; the index takes "
                     f"{found.bytes / _MB:,.1f} MB by hypopg's estimate, often less once built.")  # fmt: skip
    return " ".join(words)


def _others(found: Verified) -> str:
    return " and ".join(one.title() for one in found.given if one.relation) or "nothing else"


def _confidence(helped: Sequence[Effect], table: Table, setting: Setting) -> tuple[float, str]:
    """How sure it is, from what was measured; at most 0.95, since costs are not times.

    0.95 · samples · agreement · statistics · coverage · literals, where
    samples is 1 − 0.3/n for n sets of values of the statement it helps most (1 when it has no parameters);
    agreement is 0.5 + 0.5 · (share of all samples of the helped statements that gain at least 30 %);
    statistics is 1.0 when the table was analysed within 7 days, 0.9 within 30, 0.8 before, 0.6 never;
    coverage is 0.7 + 0.3 · (share of the workload's calls whose statements could be planned);
    literals is 0.85 when a literal that pg_stat_statements took out had to be guessed, else 1.
    """
    if not helped:
        return 0.0, "No statement gains."
    first = setting.statements[helped[0].id]
    count = len(first.samples)
    samples = 1.0 if first.samples == ((),) else 1.0 - 0.3 / count
    gains = [gain for effect in helped for gain in effect.gains]
    agreeing = sum(gain >= LEAST_SAVING for gain in gains) / len(gains)
    age, words = _age(table, setting.read_at)
    literals = 0.85 if first.guessed else 1.0
    value = 0.95 * samples * (0.5 + 0.5 * agreeing) * age * (0.7 + 0.3 * setting.planned_share) * literals
    reason = (
        f"{_count(len(gains), 'plan')} over {_count(len(helped), 'statement')}, {agreeing:.0%} of them at least "
        f"{LEAST_SAVING:.0%} cheaper; {words}; {setting.planned_share:.0%} of the workload's calls could be planned"
    )
    return round(value, 2), reason + ("; a literal had to be guessed." if first.guessed else ".")


def _age(table: Table, now: datetime) -> tuple[float, str]:
    if table.analysed_at is None:
        known = table.rows >= 0
        return (0.9, "the age of its statistics is not known") if known else (0.6, "it was never analysed")
    days = (now - table.analysed_at).total_seconds() / 86_400
    words = f"statistics of {table.name} are {days:.0f} days old" if days >= 1 else "statistics are of today"
    return (1.0 if days <= 7 else 0.9 if days <= 30 else 0.8), words


def _risk(found: Verified, table: Table, setting: Setting) -> tuple[Risk, str]:
    """Low, unless the build is long or every write gets noticeably dearer."""
    seconds = build_seconds(table)
    extra = overhead([found.draft], setting.tables, list(setting.statements.values())) or 0.0
    writes = table.inserts + table.updates + table.deletes
    size = f"{table.name} has {heap_bytes(table) / _MB:,.0f} MB; building takes about {seconds:,.0f} s, writes go on"
    if table.kind == "partitioned":
        return "medium", f"{size} only with the runbook, partition by partition; its DDL as it is blocks them."
    if table.bytes >= 50e9 or (extra >= 50.0 and writes > max(table.rows, 1.0)):
        return "high", f"{size}; writing to it would be {extra:.0f} % more work (modelled)."
    if table.bytes >= 5e9 or (extra >= 20.0 and writes > 0.1 * max(table.rows, 1.0)):
        return "medium", f"{size}; writing to it would be {extra:.0f} % more work (modelled)."
    return "low", f"{size}, and it is undone by one DROP INDEX."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _cost(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)

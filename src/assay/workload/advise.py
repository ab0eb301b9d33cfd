"""Says which indexes would make a whole workload cheaper, by how much, what they cost, and what proves it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from assay.kernel.values import now
from assay.ports.databases import Session
from assay.ports.deadline import Deadline
from assay.ports.errors import AssayError, Refused
from assay.ports.ledger import Tried
from assay.ports.workers import Bench, Progress
from assay.workload.advice_model import AdviceResult, AdviceWork, Draft, Effect, Step, Unplanned
from assay.workload.candidates import candidates
from assay.workload.drops import drops
from assay.workload.index import IndexDraft
from assay.workload.prepare import prepared, relations_of
from assay.workload.proposed import Proposed
from assay.workload.recommend import Setting, heap_bytes, index_draft, index_key
from assay.workload.rewrites import judge_rewrites
from assay.workload.search import LEAST_GAIN, Rules, Search
from assay.workload.trades import trades
from assay.workload.verify import MOST_DEARER, Verified, by_saving, not_worth, passed_over, saved, verify, worst
from assay.workload.whatif import Weighed, WhatIf, hypothetical_left, places
from assay.workload.writes import overhead, price

SEARCH_SHARE = 0.8
"""Of the time asked for; the rest is for the checks."""
REPAIRS = 6
"""So often the search may look for a better set after checks took an index away."""
BEYOND, TRIED_BEYOND = 3, 40
"""Steps of the curve that did not fit the budget, and candidates tried for each."""
WITHHELD = 8
"""Indexes shown with the reason why they are withheld, at most."""
_HYPOPG = "hypopg is not installed in this database; an administrator runs CREATE EXTENSION hypopg."


@dataclass(slots=True)
class _Run:
    """One advice on its way."""

    asked: AdviceWork
    session: Session
    deadline: Deadline
    report: Callable[[Progress], None]
    began: float = field(default_factory=time.monotonic)
    step: str = "Reading the workload"
    last: float = 0.0
    failed: dict[IndexDraft, Verified] = field(default_factory=dict[IndexDraft, Verified])

    def tick(self) -> None:
        """Report now and then; this is where a cancellation gets through."""
        moment = time.monotonic()
        if moment - self.last >= 0.1:
            self.last = moment
            spent = min(int(moment - self.began), int(self.asked.seconds))
            self.report(Progress(self.step, spent, max(int(self.asked.seconds), 1)))

    def say(self, step: str) -> None:
        """Name the step; one of a new kind is reported at once."""
        if step.split()[0] != self.step.split()[0]:
            self.last = 0.0
        self.step = step
        self.tick()


def advise(bench: Bench, asked: AdviceWork) -> AdviceResult:
    """Search and check; runs in a worker process, asks the server for plans only, and never builds anything.

    Only a model's rewrite is run, and that over rows that are made up in its text.

    Raises Refused when hypopg is missing (with `cure`), Unavailable when the server is gone, and what `bench.report`
    raises when somebody stopped it. Time is bounded by `asked.seconds` and what one EXPLAIN may take.
    """
    with bench.databases.session(asked.dsn, asked.limits) as session:
        if "hypopg" not in session.facts.extensions:
            raise Refused(_HYPOPG, cure="CREATE EXTENSION hypopg")
        run = _Run(asked, session, Deadline.after(asked.seconds), bench.report)
        try:
            return _advise(run)
        finally:
            # The session may be gone, and then its hypothetical indexes are too; the error on its way says more.
            with suppress(AssayError):
                session.forget()


def _advise(run: _Run) -> AdviceResult:
    asked, session = run.asked, run.session
    run.say("Reading the workload")
    relations = relations_of(session)
    statements, left = prepared(
        session, asked.schema, asked.statements, relations=relations, samples=asked.samples, tick=run.tick
    )
    whatif = WhatIf(session, statements, relations=relations, tick=run.tick)
    run.say(f"Planning {len(statements)} statements as they are")
    today = whatif.base()
    left += [Unplanned(statements[i].id, why) for i, why in sorted(whatif.unplannable.items())]
    tables = {table.qualified: table for table in asked.schema.tables}
    read = {use.table for statement in statements for use in statement.facts.tables}
    rules = Rules(
        budget=asked.budget_bytes,
        heap_bytes=sum(heap_bytes(table) for name, table in tables.items() if name in read),
        write_price=_write_price(whatif, statements),
    )
    search = Search(whatif, rules, Deadline.after(asked.seconds * SEARCH_SHARE), run.say)
    c_locale = _c_locale(session)
    drafts_of = {
        i: list(candidates(statements[i].facts, asked.schema, max_width=asked.max_width, c_locale=c_locale))
        for i in today
    }
    proposed = Proposed(asked.proposals)
    proposed.join(drafts_of, search)
    search.fill_pool(drafts_of)
    mask = search.run().mask
    chosen_cost = whatif.total(mask)
    mask, verified, effects = _until_sound(run, search, mask)
    if run.deadline.left() > 0:
        mask, verified, effects = _with_passed_over(run, search, mask, verified, effects)
    verified = _with_trades(run, search.whatif, mask, verified)
    steps = _curve(run, search, mask)
    judged = proposed.judged(search, mask, run.failed)
    clean = whatif.close() == 0
    setting = _setting(run, statements, whatif)
    shown = [*by_saving(verified), *by_saving(run.failed.values())[:WITHHELD]]
    drafts = [replace(index_draft(one, setting, clean), proposed_by=proposed.by(one.draft)) for one in shown]
    run.say("Comparing rewrites")
    rewritten, judged = judge_rewrites(session, judged, whatif, asked.schema, lambda: run.deadline.left() <= 0)
    drafts += rewritten
    if asked.drops:
        run.say("Looking for indexes to drop")
        drafts += drops(asked.schema, server=session.facts)
    return replace(_result(run, search, mask, chosen_cost, effects, steps, drafts, left, clean), proposals=judged)


def _write_price(whatif: WhatIf, statements: list[Weighed]) -> Callable[[int], float]:
    """Price the writes of a set, each draft once."""
    known: dict[int, float] = {}

    def of(mask: int) -> float:
        total = 0.0
        for place in places(mask):
            if place not in known:
                known[place] = price(whatif.drafts[place], statements)
            total += known[place]
        return total

    return of


def _c_locale(session: Session) -> bool:
    rows = session.rows("SELECT datcollate AS name FROM pg_catalog.pg_database WHERE datname = current_database()")
    return bool(rows) and str(rows[0]["name"]) in ("C", "POSIX")


def _until_sound(run: _Run, search: Search, mask: int) -> tuple[int, list[Verified], list[Effect]]:
    """Check the set; take out what fails, search on without it, and check again, until every index passes."""
    for repair in range(REPAIRS + 1):
        run.say(f"Checking {mask.bit_count()} indexes")
        verified, effects = verify(search.whatif, mask)
        failing = [one for one in verified if one.failed]
        if not failing:
            return mask, verified, effects
        for one in failing:
            run.failed[one.draft] = one
            mask &= ~search.whatif.bit(one.draft)
            search.banned |= search.whatif.bit(one.draft)
        if repair < REPAIRS and not search.late:
            mask = search.grow(mask, 1.0)
    # Out of time: whatever still fails goes, one by one, since each removal changes what the others bring.
    while mask:
        verified, effects = verify(search.whatif, mask)
        failing = [one for one in verified if one.failed]
        if not failing:
            return mask, verified, effects
        run.failed[failing[0].draft] = failing[0]
        mask &= ~search.whatif.bit(failing[0].draft)
    return 0, [], verify(search.whatif, 0)[1]


def _with_passed_over(
    run: _Run, search: Search, mask: int, verified: list[Verified], effects: list[Effect]
) -> tuple[int, list[Verified], list[Effect]]:
    """Look once more at statements that got nothing: take what passes and is worth it, say of the rest why not."""
    run.say("Looking at statements that nothing helps yet")
    whatif = search.whatif
    for one in passed_over(whatif, mask, WITHHELD):
        with_it = mask | whatif.bit(one.draft)
        if one.failed is None and search.fits(with_it) and search.saves(mask, with_it) >= LEAST_GAIN * search.base:
            checked, after = verify(whatif, with_it)
            if not any(other.failed for other in checked):
                mask, verified, effects = with_it, checked, after
                continue
        run.failed.setdefault(one.draft, not_worth(one, whatif, fits=search.fits(with_it)))
    return mask, verified, effects


def _with_trades(run: _Run, whatif: WhatIf, mask: int, verified: list[Verified]) -> list[Verified]:
    """Mark the indexes for which some statement would touch more blocks."""
    run.say("Looking for values that would suffer")
    worth = {whatif.bit(one.draft): saved(one) for one in verified}
    found = trades(whatif, mask, worth, late=lambda: run.deadline.left() <= 0)
    return [replace(one, trade=found.get(whatif.bit(one.draft))) for one in verified]


def _curve(run: _Run, search: Search, mask: int) -> tuple[Step, ...]:
    """Put the chosen indexes in the order in which they are worth their bytes, then what did not fit the budget."""
    whatif, base = search.whatif, max(search.base, 1e-9)
    steps: list[Step] = []
    built = 0
    while built != mask:
        left = [1 << place for place in places(mask & ~built)]
        rates = {bit: (whatif.total(built) - whatif.total(built | bit)) / max(whatif.bytes(bit), 1) for bit in left}
        best = max(left, key=lambda bit: (rates[bit], -bit))
        built |= best
        draft = whatif.members(best)[0]
        relative = whatif.total(built) / base
        steps.append(Step(index_key(draft), draft.title(), whatif.bytes(built), round(relative, 4), True))
    if search.rules.budget is None:
        return tuple(steps)
    free = Search(whatif, Rules(None, search.rules.heap_bytes, search.rules.write_price), search.deadline, run.say)
    free.base, free.pool, free.banned = search.base, search.pool, search.banned
    for _ in range(BEYOND):
        best, rate = 0, 0.0
        for bit in free.pool[:TRIED_BEYOND]:
            size = max(whatif.bytes(bit), 1)
            if not bit & (built | free.banned) and not free.late:
                gained = free.saves(built, built | bit, rate * size) / size
                best, rate = (bit, gained) if gained > rate else (best, rate)
        if not best:
            break
        built |= best
        title = whatif.members(best)[0].title()
        steps.append(Step(None, title, whatif.bytes(built), round(whatif.total(built) / base, 4), False))
    return tuple(steps)


def _setting(run: _Run, statements: list[Weighed], whatif: WhatIf) -> Setting:
    calls = sum(max(one.calls, 1) for one in run.asked.statements)
    planned = sum(whatif.statements[i].calls for i in whatif.plannable())
    return Setting(
        tables={table.qualified: table for table in run.asked.schema.tables},
        statements={statement.id: statement for statement in statements},
        server=run.session.facts,
        base_cost=whatif.total(0),
        planned_share=planned / calls if calls else 0.0,
        read_at=now(),
        taken={index.name for table in run.asked.schema.tables for index in table.indexes}
        | {table.name for table in run.asked.schema.tables},
    )


def _result(
    run: _Run,
    search: Search,
    mask: int,
    chosen_cost: float,
    effects: list[Effect],
    steps: tuple[Step, ...],
    drafts: list[Draft],
    left: list[Unplanned],
    clean: bool,
) -> AdviceResult:
    whatif = search.whatif
    base = sum(effect.weight * effect.mean(effect.before) for effect in effects)
    cost = sum(effect.weight * effect.mean(effect.after) for effect in effects)
    members = whatif.members(mask)
    extra = overhead(members, {t.qualified: t for t in run.asked.schema.tables}, whatif.statements) if members else 0.0
    return AdviceResult(
        base_cost=base,
        cost=cost,
        used_bytes=whatif.bytes(mask),
        planned=len(effects),
        unplanned=tuple(left),
        what_if_calls=whatif.calls,
        candidates=len(whatif.drafts),
        rejected=len(whatif.drafts) - len(members),
        dearer=sum(worst(effect) > MOST_DEARER for effect in effects),
        write_overhead_pct=None if extra is None else round(extra, 1),
        drafts=tuple(drafts),
        steps=steps,
        search_cost=chosen_cost,
        in_time=run.deadline.left() > 0,
        checks=_checks(run, effects, clean),
        facts={
            "base_cost": round(base, 2),
            "cost": round(cost, 2),
            "relative_cost": round(cost / base, 4) if base else 1.0,
            "indexes": [draft.hypothetical() for draft in members],
            "bytes": whatif.bytes(mask),
            "statements": len(effects),
            "what_if_calls": whatif.calls,
            "server_version": run.session.facts.version,
        },
        took_ms=(time.monotonic() - run.began) * 1e3,
    )


def _checks(run: _Run, effects: list[Effect], clean: bool) -> tuple[Tried, ...]:
    dearest = max((worst(effect) for effect in effects), default=0.0)
    return (
        Tried("Every statement was planned with the whole set", bool(effects), f"{len(effects)} statements"),
        Tried(
            f"None gets more than {MOST_DEARER:.0%} dearer", dearest <= MOST_DEARER,
            f"the worst costs {dearest:.2%} more",
        ),
        Tried("No hypothetical index was left", clean and hypothetical_left(run.session) == 0),
    )  # fmt: skip

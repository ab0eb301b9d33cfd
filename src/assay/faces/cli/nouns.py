"""How the main nouns are printed, by the name of their type; each claim with its hallmark."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from assay.faces.cli.ask_nouns import show_ran, show_sql
from assay.faces.cli.plans import print_comparison, print_plan, print_samples, print_sql
from assay.faces.cli.store_nouns import show_generated, show_result, show_stores
from assay.faces.cli.text import (
    SEVERITIES,
    Column,
    age,
    code,
    hallmark,
    heading,
    line,
    milliseconds,
    number,
    percent,
    said,
    size,
    table,
)

Show = Callable[[Console, Any], None]


def bottlenecks(console: Console, page: Any) -> None:
    """The statements that cost most, what they suffer from, and what fixes them with the proof."""
    window = f" over {milliseconds(page.window_seconds * 1000)}" if page.window_seconds else ""
    heading(console, f"{len(page.items)} of {page.total} statements of {page.source_name}")
    fixes = f"{number(page.proved)} fixes proved, {number(page.withheld)} withheld"
    read = f"{milliseconds(page.total_ms)} in all{window}, statistics read {age(page.read_at)}"
    line(console, f"{read}; {fixes}", style="dim")
    columns = (
        Column("#", "right"), Column("Statement", ratio=3), Column("Share", "right", no_wrap=True),
        Column("Mean", "right", from_width=70, no_wrap=True), Column("Calls", "right", from_width=90, no_wrap=True),
        Column("Suffers from", ratio=2, from_width=76), Column("Fix", "right", no_wrap=True),
        Column("Hallmark", ratio=1),
    )  # fmt: skip
    rows: list[Sequence[Any]] = []
    for place, worst in enumerate(page.items, 1):
        fix = worst.recommendation
        title = Text(said(worst.title).plain).append(f"\n{worst.query_id}", style="dim")
        gain, mark = ("", Text("")) if fix is None else (percent(fix.improvement_pct), hallmark(fix))
        load = (f"{worst.load.share:.1%}", milliseconds(worst.mean_ms), number(worst.calls))
        rows.append((place, title, *load, worst.reason, gain, mark))
    table(console, columns, rows)
    _fixes(console, [worst.recommendation for worst in page.items if worst.recommendation is not None])
    notes(console, page.partial)


def _fixes(console: Console, fixes: Sequence[Any]) -> None:
    """Each fix once, with what to run and the evidence."""
    seen: dict[str, Any] = {}
    for fix in fixes:
        seen.setdefault(fix.id, fix)
    if seen:
        heading(console, "What fixes them")
    for fix in seen.values():
        recommendation_short(console, fix)


def recommendation_short(console: Console, fix: Any) -> None:
    """A fix in a few lines."""
    head = said(fix.title, "bold").append(f"  {fix.id}", style="dim")
    if fix.improvement_pct is not None:
        head.append(f"  {percent(fix.improvement_pct)} planner cost")
    if fix.bytes is not None:
        head.append(f"  {size(fix.bytes)}")
    if fix.proposed_by != ("embedded",):
        head.append(f"  proposed by {' and '.join(fix.proposed_by)}", style="dim")
    line(console, head.append("  ").append_text(hallmark(fix)))
    if fix.ddl:
        code(console, fix.ddl, indent=4)
    for reason in (fix.withheld_reason, *fix.missing):
        if reason:
            line(console, f"Not known: {reason}" if reason != fix.withheld_reason else reason, style="dim", indent=4)


def recommendation(console: Console, fix: Any) -> None:
    """A fix with everything that is known of it."""
    heading(console, "")
    recommendation_short(console, fix)
    line(console, fix.rationale)
    line(console, f"Risk {fix.risk}: {fix.risk_reason}")
    line(console, f"Confidence {fix.confidence:.0%}: {fix.confidence_reason}")
    if fix.costed:
        line(console, f"Planned {number(fix.costed)} statements with it, {number(fix.dearer)} became dearer.")
    if fix.rewrite is not None:
        print_sql(console, fix.rewrite)
    if fix.undo:
        line(console, "To undo:")
        code(console, fix.undo, indent=4)


def recommendations(console: Console, page: Any) -> None:
    """What the last advice found."""
    heading(console, f"{len(page.items)} of {page.total} recommendations, computed {age(page.computed_at)}")
    for fix in page.items:
        recommendation_short(console, fix)


def advice_line(console: Console, found: Any) -> None:
    """What an advice found over the whole workload, in two lines."""
    budget = "" if found.budget_bytes is None else f" of {size(found.budget_bytes)}"
    cost = percent(100 * (1 - found.relative_cost))
    text = f"Planner cost of the workload {cost}, indexes {size(found.used_bytes)}{budget}  "
    line(console, said(text).append_text(hallmark(found)))
    counts = f"{number(found.statements)} statements planned, {number(found.unplanned)} could not be"
    tried = f"{number(found.what_if_calls)} plans asked for in {milliseconds(found.took_ms)}"
    rest = f"{number(found.rejected)} candidates rejected; {number(found.dearer)} statements dearer"
    line(console, f"{counts}; {tried}; {rest}", style="dim")
    if found.summary:
        line(console, found.summary)
    for missing in found.missing:
        line(console, f"Not known: {missing}", style="dim")
    if found.models is not None:
        models_part(console, found.models)


def models_part(console: Console, part: Any) -> None:
    """What a language model had to do with an advice, and why what it proposed is not shown."""
    passed = f"Also proposed by {part.model}: {number(part.kept)} of {number(part.proposed)} passed the checks"
    text = passed if part.silent is None else f"No language model took part: {part.silent}"
    cost = "" if part.cost_usd is None else f", ${part.cost_usd:.4f}"
    tokens = f"; {number(part.prompt_tokens + part.completion_tokens)} tokens{cost}" if part.model else ""
    line(console, f"{text}{tokens}", style="dim")
    for refused in part.refused:
        line(console, f"  {refused.what}: {refused.reason}", style="dim")


def advice(console: Console, found: Any) -> None:
    """What an advice found, with every index that it chose."""
    heading(console, "Advice")
    advice_line(console, found)
    for fix in found.recommendations:
        recommendation_short(console, fix)


def findings(console: Console, found: Sequence[Any]) -> None:
    """Findings as a table."""
    columns = (
        Column("Finding", ratio=2), Column("Where", ratio=1, from_width=60), Column("Why", ratio=4),
        Column("Sure", "right", from_width=90, no_wrap=True), Column("Hallmark", ratio=1),
    )  # fmt: skip
    rows = [
        (said(one.title, SEVERITIES.get(one.severity, "")), one.table or one.query_id or "", one.rationale,
         f"{one.confidence:.0%}", hallmark(one))
        for one in found
    ]  # fmt: skip
    if rows:
        table(console, columns, rows)


def scan_line(console: Console, report: Any) -> None:
    """What one scan read."""
    new = f", {number(report.new)} new" if report.new else ""
    planned = f"{number(report.planned)} planned, {number(report.unplanned)} could not be"
    read = f"{number(report.statements)} entries, {number(report.fingerprints)} statements{new}"
    line(console, f"{read}; {planned}; {number(len(report.findings))} findings, in {milliseconds(report.took_ms)}")
    if report.reset:
        line(console, "Statistics were reset since the last scan: this one starts a new window.", style="yellow")
    if report.evicted:
        evicted = f"The server threw {number(report.evicted)} entries away: raise pg_stat_statements.max."
        line(console, evicted, style="yellow")
    notes(console, report.partial)


def scan(console: Console, report: Any) -> None:
    """What one scan read and found."""
    heading(console, "Scanned")
    scan_line(console, report)
    findings(console, report.findings)


def notes(console: Console, partial: Sequence[str]) -> None:
    """What could not be read or done."""
    for note in partial:
        line(console, f"! {note}", style="yellow")


_ENGINES = {"postgresql": "PostgreSQL", "mysql": "MySQL", "sqlite": "SQLite"}


def check(console: Console, seen: Any) -> None:
    """What a sign-in found: which grants or extensions are missing, and what works without them."""
    server = f", {_ENGINES[seen.engine]} {seen.server_version}" if seen.server_version else ""
    account = f", as {seen.account}" if seen.account else ""
    heading(console, f"{seen.source}: {seen.state}{server}{account}")
    if seen.state_reason:
        line(console, seen.state_reason)
    if seen.superuser:
        line(console, "This account is a superuser; `assay init` makes one that may only read.", style="yellow")
    if not seen.lacks:
        line(console, "Nothing is missing." if seen.state != "offline" else "", style="dim")
        return
    columns = (Column("Missing", ratio=2), Column("Without it", ratio=3), Column("Still works", ratio=3, from_width=70))
    table(console, columns, [(lack.what, lack.without, lack.still) for lack in seen.lacks])
    line(console, "An administrator adds them with:")
    for lack in seen.lacks:
        code(console, lack.cure, indent=4)


def query(console: Console, detail: Any) -> None:
    """Everything known about one statement."""
    heading(console, f"{detail.title}  {detail.query_id}")
    print_sql(console, detail.sql)
    load = detail.load
    line(console, f"{milliseconds(load.total_ms)} in all ({load.share:.1%}), {number(load.calls)} calls, "
                  f"{milliseconds(load.mean_ms)} each; read {age(detail.read_at)}")  # fmt: skip
    if detail.chips:
        line(console, " · ".join(" ".join(filter(None, (c.label, c.value, c.after))) for c in detail.chips))
    findings(console, detail.findings)
    if detail.comparison is not None:
        print_comparison(console, detail.comparison)
    elif detail.plan is not None:
        heading(console, f"Plan ({detail.plan.kind}), {age(detail.plan.captured_at)}")
        print_plan(console, detail.plan)
    if detail.plan_error:
        line(console, f"It could not be planned: {detail.plan_error}", style="yellow")
    print_samples(console, detail.samples)
    for fix in detail.recommendations:
        recommendation_short(console, fix)


def simulation(console: Console, ran: Any) -> None:
    """What one fix does to one statement."""
    gain = f"{percent(ran.improvement_pct)} planner cost"
    text = f"{ran.query_id} with {ran.rec_id}: {gain}, planned in {milliseconds(ran.took_ms)}  "
    console.print(said(text, "bold").append_text(hallmark(ran)))
    used = "The plan uses the index." if ran.uses_index else "The plan does not use the index."
    line(console, used + ("" if ran.clean else " A hypothetical index was left behind."))
    print_comparison(console, ran.comparison)
    print_samples(console, ran.samples)
    for missing in ran.missing:
        line(console, f"Not known: {missing}", style="dim")


def measurement(console: Console, ran: Any) -> None:
    """A statement that really ran."""
    text = f"{ran.query_id}: {milliseconds(ran.execution_ms)}, {number(ran.shared_blocks)} shared blocks  "
    console.print(said(text, "bold").append_text(hallmark(ran)))
    print_plan(console, ran.plan)


def runbook(console: Console, book: Any) -> None:
    """Steps to run, and to go back."""
    console.print(said(f"{book.title}  ", "bold").append_text(hallmark(book)))
    if book.bytes is not None:
        line(console, f"Estimated size {size(book.bytes)}")
    for title, steps in (("Steps", book.steps), ("To go back", book.undo)):
        if steps:
            heading(console, title)
        for place, step in enumerate(steps, 1):
            line(console, said(f"{place}. {step.title}", "bold"))
            code(console, step.brief or step.sql, indent=5)
            line(console, f"{step.locks}, {step.takes}.", style="dim", indent=5)
            if step.note:
                line(console, step.note, indent=5)
    for missing in book.missing:
        line(console, f"Not known: {missing}", style="dim")


def init(console: Console, script: Any) -> None:
    """Statements that make the least-privilege accounts: printed bare, so that they can be piped to psql."""
    for statement in script.statements:
        code(console, statement.rstrip().rstrip(";") + ";", indent=0)
    console.print(
        said(
            f"-- {'applied' if script.applied else 'not applied: run them as an administrator, or add --apply'}", "dim"
        )
    )
    then = "scan" if script.dsn_hint.startswith("postgresql://profiler_ro") else "sources connect --name NAME --dsn"
    console.print(said(f"-- then: assay {then} {script.dsn_hint}", "dim"))
    if script.password_file:
        console.print(said(f"-- passwords are in {script.password_file}", "dim"))


def evidence(console: Console, entry: Any) -> None:
    """An entry of the ledger."""
    style = "green" if entry.passed else "red"
    heading(console, f"{entry.id}  {entry.kind}")
    line(
        console,
        said(entry.claim, "bold").append("  ").append("passed" if entry.passed else "did not pass", style=style),
    )
    for tried in entry.checks:
        sign = "✓" if tried.passed else "✗"
        took = f"  {milliseconds(tried.took_ms)}" if tried.took_ms is not None else ""
        line(console, f"{sign} {tried.name}{': ' + tried.detail if tried.detail else ''}{took}", indent=4)
    if entry.expired:
        line(console, "Its content has expired; its digest still stands in the chain.", style="dim", indent=4)
    for name, value in entry.facts.items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        line(console, f"{name}: {shown}", style="dim", indent=4)
    if entry.reproduce:
        line(console, "By hand:")
        code(console, entry.reproduce, indent=4)
    until = f", valid until {entry.valid_until:%Y-%m-%d %H:%M} UTC" if entry.valid_until else ""
    line(
        console,
        f"{age(entry.at)}{until}; number {entry.sequence} of its chain, digest {entry.digest[:16]}…",
        style="dim",
    )


def verification(console: Console, result: Any) -> None:
    """Whether the ledger is whole."""
    style = "bold green" if result.whole else "bold red"
    console.print(said("The ledger is whole." if result.whole else "The ledger is broken.", style))
    line(console, f"{number(result.checked)} entries, {number(result.checkpoints)} checkpoints, "
                  f"{number(result.expired)} expired, in {milliseconds(result.took_ms)}")  # fmt: skip
    for fault in result.broken:
        line(console, f"✗ {fault}", style="red")


def job(console: Console, it: Any) -> None:
    """How far a job is."""
    of = f" ({it.done} of {it.total})" if it.total else ""
    console.print(said(f"{it.id}  {it.operation}  {it.state}  {it.step}{of}"))
    if it.error is not None:
        line(console, it.error.get("message", ""), style="red")


NOUNS: dict[str, Show] = {
    "BottleneckPage": bottlenecks, "Recommendation": recommendation, "RecommendationPage": recommendations,
    "IndexAdvice": advice, "ScanReport": scan, "SourceCheck": check, "QueryDetail": query, "Simulation": simulation,
    "Measurement": measurement, "Runbook": runbook, "InitScript": init, "Evidence": evidence,
    "Verification": verification, "Job": job, "GeneratedSql": show_sql, "RanSql": show_ran,
    "Stores": show_stores, "DataResult": show_result, "GeneratedText": show_generated,
}  # fmt: skip
"""By the name of the type: the command line knows operations, not capabilities, so it cannot import theirs."""

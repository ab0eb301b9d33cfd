"""The three worst bottlenecks, with what fixes them and the proof: what a first visitor sees in the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from assay.kernel.house import House
from assay.kernel.secret import Secret

MARKS = {"assayed": "green", "estimate": "yellow", "withheld": "yellow", "stale": "dim", "failed": "red"}


async def print_worst(house: House, token: Secret, source: str, console: Console, *, most: int = 3) -> None:
    """Print the statements that cost most, each with its best fix and the evidence for it."""
    page = await house.call("workload.bottlenecks", {"source": source, "limit": most}, credential=token)
    console.print(f"The {len(page.items)} worst of {page.total} statements in {escape(page.source_name)}:\n")
    for place, worst in enumerate(page.items, 1):
        share = f"{worst.load.share:.1%} of all time, {worst.calls:,} calls, {worst.mean_ms:,.3g} ms each"
        console.print(f"[bold]{place}. {escape(worst.title)}[/bold]  {worst.query_id}  {share}", soft_wrap=True)
        console.print(_indented(worst.sql.text, "dim"), soft_wrap=True)
        _print_fix(worst, console)
        console.print()


def _print_fix(worst: Any, console: Console) -> None:
    fix = worst.recommendation
    if fix is None:
        why = worst.finding.rationale if worst.finding is not None else "Nothing was found that would help."
        console.print(_indented(f"{worst.reason}. {why}"), soft_wrap=True)
        return
    mark = Text(str(fix.verdict), style=MARKS[fix.verdict])
    line = Text("   ").append(f"{worst.reason}. ").append(fix.title + ". ", style="bold")
    if fix.improvement_pct is not None:
        line.append(f"{-fix.improvement_pct:+.1f} % planner cost".replace("-", "\N{MINUS SIGN}"))
    console.print(line.append("  ").append(mark).append(" " + ", ".join(fix.evidence)), soft_wrap=True)
    for text in (fix.ddl, fix.withheld_reason, *fix.missing):
        if text:
            console.print(_indented(text, "dim"), soft_wrap=True)


def _indented(text: str, style: str = "") -> Text:
    """Never cut: what is printed is copied."""
    return Text("   ").append(text, style=style)

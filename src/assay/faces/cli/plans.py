"""Plans as trees, and two plans of one statement with what differs marked: = − + ~."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from assay.faces.cli.text import MINUS, code, heading, line, milliseconds, number, percent, said

MARKS = {"same": ("=", "dim"), "removed": (MINUS, "red"), "new": ("+", "green"), "changed": ("~", "yellow")}


def print_comparison(console: Console, comparison: Any) -> None:
    """Print both plans, what changed, and what the comparison does not show."""
    saved = 100 * (1 - comparison.after.cost / comparison.before.cost) if comparison.before.cost else None
    heading(console, f"Before: cost {number(comparison.before.cost)}")
    print_plan(console, comparison.before)
    heading(console, f"After: cost {number(comparison.after.cost)} ({percent(saved)})")
    print_plan(console, comparison.after)
    for change in comparison.changes:
        line(console, f"• {change}")
    for unknown in comparison.not_known:
        line(console, f"Not known: {unknown}", style="dim")


def print_plan(console: Console, plan: Any) -> None:
    """Print one plan as a tree."""
    tree = Tree(_node(plan.root), guide_style="dim")
    _grow(tree, plan.root)
    console.print(tree)


def _grow(tree: Tree, node: Any) -> None:
    for child in node.children:
        _grow(tree.add(_node(child)), child)


def _node(node: Any) -> Text:
    sign, style = MARKS.get(node.mark or "", ("", ""))
    text = Text(f"{sign} " if sign else "", style=style)
    text.append(said(node.operation, style or "bold"))
    if node.index:
        text.append(said(f" using {node.index}"))
    if node.relation:
        alias = f" {node.alias}" if node.alias and node.alias != node.relation else ""
        text.append(said(f" on {node.relation}{alias}"))
    text.append(f"  cost {number(node.cost)}, {number(node.rows)} rows", style="dim")
    if node.actual_rows is not None:
        text.append(f", really {number(node.actual_rows)}", style="dim")
    if node.actual_ms is not None:
        text.append(f" in {milliseconds(node.actual_ms)}", style="dim")
    for detail in node.detail:
        text.append(said(f"\n  {detail}", "dim"))
    return text


def print_samples(console: Console, samples: Any) -> None:
    """Print what a statement costs with each set of values."""
    for sample in samples:
        shown = ", ".join("NULL" if value is None else repr(value) for value in sample.values) or "no values"
        after = f" → {number(sample.after)}" if sample.after is not None else ""
        line(console, f"{sample.origin}: {shown}: cost {number(sample.before)}{after}")


def print_sql(console: Console, sql: Any) -> None:
    """Print a statement as it was laid out."""
    code(console, sql.text)

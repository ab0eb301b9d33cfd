"""How SQL that answers a question, and its rows, look in a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from assay.faces.cli.text import Column, code, counted, hallmark, heading, line, milliseconds, table


def show_sql(console: Console, answer: Any) -> None:
    """SQL that answers a question: the text, its parts in words, how sure, and its rows."""
    code(console, answer.sql)
    by = "" if answer.proposed_by == ("embedded",) else f"   proposed by {' and '.join(answer.proposed_by)}"
    on = answer.calibrated_on
    sure = on if on.startswith("not calibrated") else f"calibrated on {on}"
    line(console, hallmark(answer).append(f"   {answer.confidence:.0%} sure, {sure}{by}"))
    for clause in answer.explanation:
        because = ", ".join(f"“{words.text}”" for words in clause.because)
        line(console, f"{clause.says}{f'   from {because}' if because else ''}")
    for warning in answer.warnings:
        line(console, f"! {warning}", style="yellow")
    if answer.rows is not None:
        show_rows(console, answer.rows)
    if answer.alternatives:
        heading(console, "Or was it meant like this?")
        for other in answer.alternatives:
            line(console, f"{other.confidence:.0%}  {other.says}", style="dim")
            code(console, other.sql, indent=6)


def show_ran(console: Console, answer: Any) -> None:
    """Rows of SQL that was given."""
    code(console, answer.sql)
    line(console, hallmark(answer))
    show_rows(console, answer.rows)


def show_rows(console: Console, grid: Any) -> None:
    """A table of rows, and how many there are."""
    numeric = ("int", "float", "numeric")
    heads = [
        Column(name, "right" if type.startswith(numeric) else "left")
        for name, type in zip(grid.columns, grid.types, strict=True)
    ]
    table(console, heads, grid.rows)
    more = ", and there are more" if grid.more else ""
    line(console, f"{counted(len(grid.rows), 'row')}{more}; {milliseconds(grid.took_ms)}", style="dim")

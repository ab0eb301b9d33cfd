"""How values look in a terminal: numbers with units, ages, hallmarks, headings, tables that fit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

HALLMARKS = {"assayed": "green", "estimate": "yellow", "withheld": "magenta", "stale": "bright_black", "failed": "red"}
SEVERITIES = {"critical": "red", "warning": "yellow", "info": "cyan"}
MINUS = "\N{MINUS SIGN}"

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def clean(text: str) -> str:
    """Take out control characters: a statement's text may hold a terminal's escape sequences."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def said(value: Any, style: str = "") -> Text:
    """A value as safe text."""
    return value if isinstance(value, Text) else Text().append(clean(str(value)), style=style)


def heading(console: Console, text: str) -> None:
    """Print a heading with a line above it."""
    console.print()
    console.print(said(text, "bold"))


def line(console: Console, text: Any, *, style: str = "", indent: int = 2) -> None:
    """Print a line, indented; it wraps where the terminal ends."""
    for part in said(text, style).wrap(console, max(20, console.width - indent)):
        part.rstrip()
        console.print(Text(" " * indent).append_text(part), soft_wrap=True)


def code(console: Console, text: str, *, indent: int = 2) -> None:
    """Print a statement so that it can be copied: never wrapped."""
    for part in clean(text).splitlines():
        console.print(Text(" " * indent + part, style="cyan"), soft_wrap=True)


def hallmark(claim: Any) -> Text:
    """The verdict of a claim in one word, with the evidence that stands for it."""
    word = str(getattr(claim.verdict, "value", claim.verdict))
    text = Text(word, style=HALLMARKS.get(word, ""))
    if claim.evidence:
        text.append(" " + ", ".join(claim.evidence), style="dim")
    return text


def number(value: float) -> str:
    """1234567 is 1,234,567; 0.01234 is 0.0123."""
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def counted(many: int, noun: str) -> str:
    """1 row, 1,000 rows."""
    return f"{many:,} {noun}{'' if many == 1 else 's'}"


def percent(value: float | None) -> str:
    """A change: 99.6 less is "−99.6 %"."""
    if value is None:
        return ""
    return f"{-value:+.1f} %".replace("-", MINUS)


def milliseconds(value: float) -> str:
    """In the unit that fits: 0.42 ms, 3.1 s, 2.5 min, 4.2 h."""
    for limit, divisor, unit in ((1_000, 1, "ms"), (120_000, 1_000, "s"), (7_200_000, 60_000, "min")):
        if value < limit:
            return f"{value / divisor:.3g} {unit}"
    return f"{value / 3_600_000:,.3g} h"


def size(value: float | None) -> str:
    """Bytes in the unit that fits: 1.8 MB."""
    if value is None:
        return ""
    for limit, divisor, unit in ((1e3, 1, "B"), (1e6, 1e3, "kB"), (1e9, 1e6, "MB"), (1e12, 1e9, "GB")):
        if value < limit:
            return f"{value / divisor:.3g} {unit}"
    return f"{value / 1e12:.3g} TB"


def age(at: datetime | None) -> str:
    """How long ago: "3 min ago"."""
    if at is None:
        return "never"
    seconds = (datetime.now(UTC) - at).total_seconds()
    if abs(seconds) < 60:
        return "now"
    units = ((7_200, 60, "min"), (172_800, 3_600, "h"), (float("inf"), 86_400, "days"))
    divisor, unit = next((divisor, unit) for limit, divisor, unit in units if abs(seconds) < limit)
    text = f"{abs(seconds) / divisor:.0f} {unit}"
    return f"{text} ago" if seconds > 0 else f"in {text}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column, and from which width of the terminal on it is shown."""

    title: str
    align: Literal["left", "right"] = "left"
    ratio: int | None = None
    from_width: int = 0
    no_wrap: bool = False


def table(console: Console, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table; on a narrow terminal without the columns that it can do without."""
    shown = [place for place, column in enumerate(columns) if console.width >= column.from_width]
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold")
    for place in shown:
        column = columns[place]
        made.add_column(column.title, justify=column.align, ratio=column.ratio, overflow="fold", no_wrap=column.no_wrap)
    for row in rows:
        made.add_row(*(said("" if row[place] is None else row[place]) for place in shown))
    console.print(made)

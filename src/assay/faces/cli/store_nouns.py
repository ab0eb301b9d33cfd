"""How stores of plugins, and what they answer, look in a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console

from assay.faces.cli.text import Column, code, counted, hallmark, heading, line, milliseconds, said, table

_STATES = {"ready": "green", "starting": "yellow", "degraded": "yellow", "crashed": "red", "disabled": "dim"}


def show_stores(console: Console, answer: Any) -> None:
    """The stores of the file: how each is, and what is wrong with the file."""
    heads = [Column("Store"), Column("Plugin"), Column("State"), Column("Last call", "right", from_width=70)]
    rows = [
        [store.name, store.kind.name if store.kind else "", said(store.state, _STATES.get(store.state, "")),
         "" if store.latency_ms is None else milliseconds(store.latency_ms)]
        for store in answer.data
    ]  # fmt: skip
    if rows:
        table(console, heads, rows)
    else:
        line(console, "There are no stores yet.")
    for store in answer.data:
        for text in (*((store.reason,) if store.reason else ()), *store.warnings):
            line(console, f"! {store.name}: {text}", style="yellow")
    for problem in answer.problems:
        place = f"{answer.file}:{problem.line}:{problem.column}" if problem.line else answer.file
        says = "; ".join(text for text in (problem.says, problem.cure) if text)
        style = "red" if problem.severity == "error" else "yellow"
        line(console, ": ".join(text for text in (place, problem.path, says) if text), style=style)
    line(console, f"The file is {answer.file}; programs are dropped into {answer.folder}.", style="dim")


def show_result(console: Console, answer: Any) -> None:
    """What a plugin answered: pairs, rows, how an answer came about, where it comes from."""
    _pairs(console, answer.data)
    if answer.ai_info is not None:
        line(console, hallmark(answer.ai_info).append(f"   {answer.ai_info.confidence_score:.0%} sure, it says"))
        for warning in answer.ai_info.warnings:
            line(console, f"! {warning}", style="yellow")
    meta = answer.meta
    labels = {label.key: label.value for label in meta.labels}
    if answer.items or "_columns" in labels:
        rows = [{pair.key: pair for pair in row.data} for row in answer.items]
        names = list(dict.fromkeys(name for row in rows for name in row))
        if names:
            table(console, [Column(name) for name in names], [[_cell(row.get(name)) for name in names] for row in rows])
        more = ", and there are more" if labels.get("_more") == "true" else ""
        line(console, f"{counted(len(rows), 'row')}{more}{f'; {meta.duration}' if meta.duration else ''}", style="dim")
    elif meta.tables or meta.databases:
        for title, names in (("Databases", meta.databases), ("Tables", meta.tables)):
            if names:
                heading(console, title)
                line(console, ", ".join(names))


def show_generated(console: Console, answer: Any) -> None:
    """What a plugin made of a prompt."""
    code(console, answer.content)
    line(console, hallmark(answer))
    for missing in answer.missing:
        line(console, f"Not known: {missing}", style="dim")


def _pairs(console: Console, pairs: Iterable[Any]) -> None:
    for pair in pairs:
        if "\n" in pair.value:
            line(console, f"{pair.key}:")
            code(console, pair.value, indent=4)
        else:
            line(console, f"{pair.key}: {pair.value}")


def _cell(pair: Any) -> Any:
    """A NULL is told from a text by its description, and by its look."""
    if pair is None:
        return ""
    return said("NULL", "dim") if pair.description == "NULL" and not pair.value else pair.value

"""Prints any answer: a noun that has its own look with it, everything else by its shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, cast

from pydantic import BaseModel
from rich.console import Console

from assay.faces.cli.nouns import NOUNS
from assay.faces.cli.text import Column, age, clean, hallmark, heading, line, number, said, table
from assay.kernel.assayed import Assayed

MOST_COLUMNS = 8


def show(console: Console, answer: Any) -> None:
    """Print an answer for a person."""
    if answer is None:
        return
    own = NOUNS.get(type(answer).__name__)
    if own is not None:
        own(console, answer)
    elif isinstance(answer, BaseModel) and "items" in type(answer).model_fields:
        _page(console, answer, cast("Any", answer).items)
    elif isinstance(answer, BaseModel) and (alone := _alone(answer)) is not None:
        _page(console, answer, alone)
    elif isinstance(answer, BaseModel):
        _fields(console, answer)
    else:
        console.print(said(_cell(answer)))


def _alone(answer: BaseModel) -> tuple[Any, ...] | None:
    """The items of an answer that is nothing else than a list."""
    values = [getattr(answer, name) for name in type(answer).model_fields]
    return cast("tuple[Any, ...]", values[0]) if len(values) == 1 and isinstance(values[0], tuple) else None


def _page(console: Console, page: Any, items: tuple[Any, ...]) -> None:
    if items and type(items[0]).__name__ in _WHOLE:
        for item in items:
            show(console, item)
    elif items and isinstance(items[0], BaseModel):
        _rows(console, items)
    else:
        for item in items:
            line(console, _cell(item))
    total: int | None = getattr(page, "total", None)
    more = f"; the next: --cursor {page.next_cursor}" if getattr(page, "next_cursor", None) else ""
    line(console, f"{len(items)}{f' of {total}' if total is not None else ''}{more}", style="dim")


_WHOLE = frozenset({"Recommendation", "SourceCheck"})
"""Nouns of which a page shows each one whole."""


def _rows(console: Console, items: tuple[Any, ...]) -> None:
    """A table of the fields that fit in a cell, without those that are empty everywhere."""
    first: BaseModel = items[0]
    is_claim = isinstance(first, Assayed)
    names = [
        name
        for name in type(first).model_fields
        if any(_fits(getattr(item, name)) for item in items) and not (is_claim and name in _CLAIM)
    ][:MOST_COLUMNS]
    columns = [
        Column(_title(name), _side(getattr(first, name)), from_width=16 + 11 * place)
        for place, name in enumerate(names)
    ]
    rows = [[_cell(getattr(item, name)) for name in names] for item in items]
    if is_claim:
        columns.append(Column("Hallmark"))
        rows = [[*row, hallmark(item)] for row, item in zip(rows, items, strict=True)]
    table(console, columns, rows)


_CLAIM = ("verdict", "evidence", "missing")


def _side(value: Any) -> Any:
    return "right" if isinstance(value, int | float) and not isinstance(value, bool) else "left"


def _fits(value: Any) -> bool:
    return value is not None and value != () and (isinstance(value, str | int | float | datetime) or _is_words(value))


def _is_words(value: Any) -> bool:
    return isinstance(value, tuple | list) and all(isinstance(one, str) for one in value)  # pyright: ignore[reportUnknownVariableType]


def _fields(console: Console, answer: BaseModel, indent: int = 0) -> None:
    """A name and a value a line; what has a shape of its own below."""
    later: list[tuple[str, Any]] = []
    if isinstance(answer, Assayed):
        line(console, hallmark(answer), indent=indent)
        for missing in answer.missing:
            line(console, f"Not known: {missing}", style="dim", indent=indent)
    for name in type(answer).model_fields:
        value: Any = getattr(answer, name)
        if isinstance(answer, Assayed) and name in _CLAIM:
            continue
        if isinstance(value, BaseModel) or (isinstance(value, tuple | list) and value and not _is_words(value)):
            later.append((name, cast("Any", value)))
        elif value is not None and value != ():
            line(console, said(f"{_title(name)}: ", "dim").append(said(_cell(value))), indent=indent)
    for name, value in later:
        heading(console, _title(name))
        if isinstance(value, BaseModel):
            own = NOUNS.get(type(value).__name__)
            if own is not None:
                own(console, value)
            else:
                _fields(console, value, indent + 2)
        elif isinstance(value[0], BaseModel):
            _rows(console, tuple(value))
        else:
            line(console, _cell(value), indent=indent + 2)


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return age(value)
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_cell(one)}" for key, one in value.items())  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(_cell(one) for one in value)  # pyright: ignore[reportUnknownVariableType]
    return clean(str(value))

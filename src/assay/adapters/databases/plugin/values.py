"""Values on the way to a plugin and back: literals for what we bind, cells for what it sends as text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from assay.ports.databases import Cell, Engine
from assay.ports.errors import Internal

NULL = "NULL"
"""The description by which a plugin of ours marks a NULL."""
_MARKS: Mapping[Engine, re.Pattern[str]] = {
    "postgresql": re.compile(r"%\((\w+)\)s|%s|%%"),
    "mysql": re.compile(r"%\((\w+)\)s|%s|%%"),
    "sqlite": re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\?|(?<!:):(\w+)"),
}
_WHOLE = re.compile(r"-?[0-9]+")
_INSTANT = re.compile(r"\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d(?::\d\d)+")
"""How JSON of PostgreSQL writes a timestamptz; its own text has a space."""
_NUMBERS = re.compile(r"(tiny|small|medium|big)?int(eger)?|int[248]|oid|year|float[48]?|double|real")


def bound(engine: Engine, sql: str, params: Sequence[object] | Mapping[str, object]) -> str:
    """Write a statement of ours with its values as literals; without values it stays as it is."""
    if not params:
        return sql
    places = iter(()) if isinstance(params, Mapping) else iter(params)

    def one(mark: re.Match[str]) -> str:
        if mark[0] == "%%":
            return "%"
        if mark[0][0] in "'\"":
            return mark[0]
        return literal(engine, params[mark[1]] if isinstance(params, Mapping) else next(places))

    return _MARKS[engine].sub(one, sql)


def literal(engine: Engine, value: object) -> str:
    """A value as SQL; lists of numbers are arrays of PostgreSQL in text form."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return f"'{{{','.join(str(int(cast('Any', one))) for one in cast('list[object]', value))}}}'"
    if not isinstance(value, str) or "\0" in value:
        raise Internal("A value that no statement through a plugin can hold was to be bound.")
    doubled = value.replace("'", "''")
    if "\\" in doubled and engine != "sqlite":
        return ("E'" if engine == "postgresql" else "'") + doubled.replace("\\", "\\\\") + "'"
    return f"'{doubled}'"


def from_json(text: str) -> list[dict[str, Any]]:
    """Rows that the server made a JSON array of; instants are that again, everything else is as JSON has it."""
    rows = cast("list[dict[str, Any]]", json.loads(text))
    return [{name: _instant(value) for name, value in row.items()} for row in rows]


def _instant(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) and _INSTANT.fullmatch(value) else value


def cell(text: str, description: str, kind: str | None) -> Cell:
    """A value that was sent as text.

    Args:
        description: NULL, or the value's own type where it is not its column's.
        kind: the column's type; None where the plugin knows none, and writes NULL as the text null.
    """
    if description == NULL or (kind is None and text == "null"):
        return None
    kind = description or kind
    if kind == "bool" and text in ("true", "false"):
        return text == "true"
    if kind is None or not _NUMBERS.fullmatch(kind):
        return text
    if _WHOLE.fullmatch(text):
        return int(text)
    try:
        number = float(text)
    except ValueError:
        return text
    return number if number - number == 0 else text  # infinity and NaN have no word in JSON

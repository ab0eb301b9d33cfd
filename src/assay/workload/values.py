"""Single realistic values: of a column, from the server's statistics, and of a type, when there is no column."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal, cast

from assay.sources.model import Column

Style = Literal["common", "middle", "rare", "drawn"]

_BY_TYPE: dict[str, tuple[str, ...]] = {
    "smallint": ("1", "10", "100"), "integer": ("1", "42", "1000"), "bigint": ("1", "42", "1000"),
    "numeric": ("10", "100", "1"), "real": ("10", "100", "1"), "double precision": ("10", "100", "1"),
    "boolean": ("true", "false"), "text": ("a", "abc", "x"), "character varying": ("a", "abc", "x"),
    "character": ("a", "b"), '"char"': ("a",), "name": ("a",), "bytea": ("\\x00",), "oid": ("1",),
    "interval": ("1 day", "7 days", "30 days"), "time without time zone": ("12:00",),
    "time with time zone": ("12:00Z",),
    "uuid": ("00000000-0000-4000-8000-000000000000",), "json": ("{}",), "jsonb": ("{}",), "xml": ("<a/>",),
    "inet": ("127.0.0.1",), "cidr": ("127.0.0.0/8",), "macaddr": ("08:00:2b:01:02:03",), "money": ("10",),
    "tsquery": ("a",), "tsvector": ("a",), "point": ("(0,0)",), "regclass": ("pg_class",), "bit": ("1",),
    "bit varying": ("1",), "int4range": ("empty",), "int8range": ("empty",), "numrange": ("empty",),
    "daterange": ("empty",), "tsrange": ("empty",), "tstzrange": ("empty",), "jsonpath": ("$",), "xid": ("1",),
    "ltree": ("a",), "citext": ("a", "abc"), "hstore": ("a=>1",), "unknown": ("a",),
}  # fmt: skip
_TIMES = ("date", "timestamp without time zone", "timestamp with time zone")
_NUMBERS = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision"})


def base_type(name: str) -> str:
    """Take the length off a type: "character varying(80)" is "character varying"."""
    head, bracket, tail = name.partition("(")
    return (head + tail.partition(")")[2]).strip() if bracket else name


def of_type(kind: str, place: int, today: str) -> str | None:
    """Return the `place`-th plain value of a type; None for one that nothing is known of."""
    name = base_type(kind)
    if name.endswith("[]"):
        item = of_type(name[:-2], place, today)
        return array([item]) if item is not None else "{}"
    if name in _TIMES:
        return today
    known = _BY_TYPE.get(name)
    return known[place % len(known)] if known else None


def array(items: Sequence[str]) -> str:
    """Write values as an array literal: {"a","b"}."""
    return "{" + ",".join('"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in items) + "}"


def of_column(column: Column, style: Style, random: Random) -> str | None:
    """Return a value that the column holds, as its statistics tell; None when there are none.

    "common" is the most common one, "rare" one outside the most common ones (or the least of them), "middle" one
    of the histogram, "drawn" any, as often as it occurs.
    """
    common, bounds = column.common_values, column.bounds
    if not common and not bounds:
        return None
    if style == "common":
        return common[0] if common else bounds[len(bounds) // 2]
    if style == "drawn" and common:
        weight = sum(column.common_freqs)
        if not bounds or random.random() < weight:
            return random.choices(common, weights=column.common_freqs or None)[0]
    if style == "rare" and not bounds:
        return common[-1]
    return random.choice(bounds[1:-1] or bounds) if bounds else common[len(common) // 2]


def ordered(column: Column) -> list[str]:
    """Return known values of a column, smallest first: its histogram, or its common values in order."""
    if column.bounds:
        return list(column.bounds)
    kind = base_type(column.type)
    try:
        return sorted(column.common_values, key=float if kind in _NUMBERS else str)  # pyright: ignore[reportArgumentType]
    except ValueError:
        return sorted(column.common_values)


def span(column: Column, share: float, random: Random, *, late: bool) -> tuple[str, str] | None:
    """Return two values of a column, the first below the second, about `share` of the rows apart.

    Args:
        column: with a histogram or common values.
        share: 0 to 1.
        random: chooses where the span lies.
        late: lie at the upper end, as "since last week" does; for times then at most a month, a week or a day apart.
    """
    found = ordered(column)
    if not found:
        return None
    if base_type(column.type) in _TIMES and (recent := _recent(found, share)) is not None and late:
        return recent
    steps = max(1, round((len(found) - 1) * share))
    last = max(0, len(found) - 1 - steps)
    start = last if late else random.randint(0, last)
    return found[start], found[min(start + steps, len(found) - 1)]


def _recent(bounds: list[str], share: float) -> tuple[str, str] | None:
    """Return the end of a time column's values and a day, week or month before it, as reports and feeds ask for.

    The greater the share, the longer; None where values cannot be read as times or do not reach so far back.
    """
    days = 30 if share >= 0.1 else 7 if share >= 0.03 else 1
    try:
        first, last = datetime.fromisoformat(bounds[0]), datetime.fromisoformat(bounds[-1])
        start = last - timedelta(days=days)
    except (ValueError, OverflowError, TypeError):
        return None
    if start <= first + (last - first) * (1 - share):
        return None
    return (start.isoformat(sep=" ") if len(bounds[-1]) > 10 else start.date().isoformat()), bounds[-1]


def pattern(value: str, random: Random, *, prefix: bool) -> str:
    """Make a LIKE pattern of a real value: its beginning, or a word of it anywhere."""
    words = [word for word in value.replace("_", " ").replace("%", " ").split() if len(word) >= 3] or [value[:4]]
    if prefix:
        return words[0][:4] + "%"
    return f"%{random.choice(words)[:8]}%"


# JSON ------------------------------------------------------------------------------------------------------------


def documents(column: Column) -> list[dict[str, Any]]:
    """Return the JSON objects that the statistics of a json(b) column hold."""
    found: list[dict[str, Any]] = []
    for text in (*column.common_values, *column.bounds):
        try:
            value: object = json.loads(text)
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(cast("dict[str, Any]", value))
    return found


def json_keys(column: Column) -> list[tuple[str, float]]:
    """Return the keys of a json(b) column's objects with the share of objects that have them, most frequent first.

    Among equally frequent ones a key whose values repeat comes first: that is what people search by.
    """
    objects = documents(column)
    counts: Counter[str] = Counter(key for item in objects for key in item)

    def repeats(key: str) -> int:
        values = [json.dumps(item[key], sort_keys=True) for item in objects if key in item]
        distinct = len(set(values))
        return distinct if 2 <= distinct <= max(2, len(values) // 2) else len(values) + 2

    total = max(1, len(objects))
    return sorted(((k, n / total) for k, n in counts.items()), key=lambda pair: (-round(pair[1], 1), repeats(pair[0])))


def json_text(column: Column, key: str, style: Style, random: Random) -> str | None:
    """Return what `->> key` gives for a real object; None when no known object has it."""
    values = [item[key] for item in documents(column) if item.get(key) is not None]
    if not values:
        return None
    texts = [value if isinstance(value, str) else json.dumps(value) for value in values]
    counted = Counter(texts).most_common()
    if style == "common":
        return counted[0][0]
    return counted[-1][0] if style == "rare" else random.choice(texts)


def contained(column: Column, style: Style, random: Random) -> str | None:
    """Return a small object that real objects of a jsonb column contain: {"device": "mobile"}."""
    keys = json_keys(column)
    if not keys:
        return None
    key = keys[0][0] if style == "common" else random.choice(keys)[0]
    found = [item[key] for item in documents(column) if key in item]
    return json.dumps({key: random.choice(found)})

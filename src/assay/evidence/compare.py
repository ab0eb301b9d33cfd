"""Says in words how the facts of a check differ from those of the same check run again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, cast

TOLERANCE = 0.01
"""Numbers that differ by at most this part of the larger one count as the same."""
_MOST = 20
_LONGEST = 80


def differences(before: Mapping[str, Any], again: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what changed, at most 20 sentences, by the path of each fact.

    Times are no facts: names that are `at` or end in `_at` or `_ms` are left out. A number counts as the same within
    1 %, which every sentence about a number says.
    """
    found = list(islice(_mapping("", before, again), _MOST + 1))
    if len(found) > _MOST:
        return (*found[: _MOST - 1], "and more")
    return tuple(found)


def _is_time(name: str) -> bool:
    return name == "at" or name.endswith(("_at", "_ms"))


def _mapping(path: str, before: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[str]:
    for name in (*before, *(name for name in again if name not in before)):
        if _is_time(name):
            continue
        here = f"{path}.{name}" if path else name
        if name not in again:
            yield f"{here}: was {_show(before[name])}, is not there any more."
        elif name not in before:
            yield f"{here}: is {_show(again[name])}, was not there before."
        else:
            yield from _value(here, before[name], again[name])


def _value(path: str, before: object, again: object) -> Iterator[str]:
    if _is_mapping(before) and _is_mapping(again):
        yield from _mapping(path, cast("Mapping[str, Any]", before), cast("Mapping[str, Any]", again))
    elif _is_list(before) and _is_list(again):
        yield from _sequence(path, cast("Sequence[Any]", before), cast("Sequence[Any]", again))
    elif _is_number(before) and _is_number(again):
        yield from _number(path, cast(float, before), cast(float, again))
    elif before != again or isinstance(before, bool) is not isinstance(again, bool):
        yield f"{path}: {_show(before)} became {_show(again)}."


def _sequence(path: str, before: Sequence[Any], again: Sequence[Any]) -> Iterator[str]:
    if len(before) != len(again):
        yield f"{path}: {len(before)} items became {len(again)}."
        return
    for place, (one, other) in enumerate(zip(before, again, strict=True)):
        yield from _value(f"{path}[{place}]", one, other)


def _number(path: str, before: float, again: float) -> Iterator[str]:
    if before == again or math.isclose(before, again, rel_tol=TOLERANCE):
        return
    share = f"{(again - before) / abs(before):+.1%}" if before else "from zero"
    yield f"{path}: {before:g} became {again:g} ({share.replace('%', ' %')}; up to 1 % counts as the same)."


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _show(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"

"""Writes a time as Go does, "1.5ms", which is how atest shows it."""

from __future__ import annotations

_UNITS = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"), (1, "ns"))


def duration(seconds: float) -> str:
    """Text of Go's time.Duration: the largest unit that is not 0, and hours and minutes from a minute on."""
    nanoseconds = round(seconds * 1e9)
    if nanoseconds == 0:
        return "0s"
    minutes, rest = divmod(nanoseconds, 60_000_000_000)
    if minutes:
        hours, minutes = divmod(minutes, 60)
        return f"{f'{hours}h' if hours else ''}{minutes}m{_decimal(rest, 1_000_000_000)}s"
    size, name = next(unit for unit in _UNITS if nanoseconds >= unit[0])
    return f"{_decimal(nanoseconds, size)}{name}"


def _decimal(count: int, size: int) -> str:
    whole, part = divmod(count, size)
    digits = f"{part:0{len(str(size)) - 1}d}".rstrip("0") if size > 1 else ""
    return f"{whole}.{digits}" if digits else str(whole)

"""Statements of which some may be refused, and the others count all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from assay.ports.databases import Estimate
from assay.ports.errors import Refused, TimedOut

_R = TypeVar("_R")


def attempt(run: Callable[[], _R]) -> _R | Refused | TimedOut:
    """What it returns, or why there is nothing; that the database is gone is raised."""
    try:
        return run()
    except (Refused, TimedOut) as error:
        return error


def one_by_one(estimate: Callable[[str], Estimate], queries: Iterable[str]) -> list[Estimate | Refused | TimedOut]:
    """Estimates over a protocol in which each question waits for the answer to the one before."""
    return [attempt(lambda query=query: estimate(query)) for query in queries]

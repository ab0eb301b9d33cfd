"""Looks for values with which a statement would touch more blocks, though the planner expects it to cost less.

Cost and blocks are two opinions of one plan. The planner charges a page that a nested loop reads again and again once
when the cache is large; whether that is a good bargain depends on the cache, and is for people to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from assay.ports.errors import Refused, TimedOut
from assay.workload.whatif import Seen, Values, WhatIf, places

MOST_BLOCKS, SLACK = 0.10, 8.0
"""More is a tenth more and this many more: four pages instead of three are no loss."""
HALVINGS = 4
"""So often the values between two samples with different plans are halved."""


@dataclass(frozen=True, slots=True)
class Trade:
    """What one statement would pay for an index."""

    id: str
    """The statement."""
    values: Values
    before: float
    """Shared blocks that its plan is estimated to touch today."""
    after: float
    title: str = ""

    @property
    def words(self) -> str:
        """The bargain, as a person would put it."""
        what = f"“{self.title}”" if self.title else f"statement {self.id}"
        given = ", ".join(str(value) for value in self.values)
        return (
            f"Whether the bargain is good: with {given or 'its literals'}, {what} would touch about {self.after:,.0f} "
            f"blocks instead of {self.before:,.0f}, mostly cached ones again and again, though the planner expects it "
            "to cost less."
        )


def trades(
    whatif: WhatIf, mask: int, worth: Mapping[int, float], *, late: Callable[[], bool] = lambda: False
) -> dict[int, Trade]:
    """Find, by bit, the indexes of a set that a statement pays for in blocks; without them the rest is free of that.

    Args:
        mask: the set.
        worth: what each of its bits saves; where one of several has to go, it is the least useful.
        late: ends the search between samples; the samples themselves are always looked at.
    """
    found: dict[int, Trade] = {}
    while True:
        new: dict[int, Trade] = {}
        for place in whatif.touched(mask):
            with suppress(Refused, TimedOut):  # a statement that cannot be planned just now says nothing of any index
                paid = next(_paid(whatif, place, mask, late), None)
                if paid is not None:
                    new |= dict.fromkeys(_culprits(whatif, place, mask, paid, worth), paid)
        if not new:
            return found
        found |= new
        for bit in new:
            mask &= ~bit


def _paid(whatif: WhatIf, place: int, mask: int, late: Callable[[], bool]) -> Iterator[Trade]:
    """Look at the samples, then between those whose plans read different indexes."""
    statement = whatif.statements[place]
    seen = {values: whatif.see(place, mask, values) for values in statement.samples}
    for values, after in seen.items():
        yield from _more(whatif, place, values, after)
    for one, other in combinations(seen, 2):
        low, high = one, other
        for _ in range(HALVINGS if seen[one].used != seen[other].used else 0):
            middle = between(low, high)
            if middle is None or late():
                break
            there = whatif.see(place, mask, middle)
            yield from _more(whatif, place, middle, there)
            low, high = (middle, high) if there.used == seen[one].used else (low, middle)


def _more(whatif: WhatIf, place: int, values: Values, after: Seen) -> Iterator[Trade]:
    if after.used:
        before = whatif.see(place, 0, values)
        if after.blocks > before.blocks * (1.0 + MOST_BLOCKS) + SLACK:
            statement = whatif.statements[place]
            yield Trade(statement.id, values, before.blocks, after.blocks, statement.title)


def _culprits(whatif: WhatIf, place: int, mask: int, paid: Trade, worth: Mapping[int, float]) -> list[int]:
    """The least useful index without which the statement touches no more, or all that it reads."""
    read = [1 << p for p in places(whatif.see(place, mask, paid.values).used)]
    cures = [
        bit for bit in read if not list(_more(whatif, place, paid.values, whatif.see(place, mask & ~bit, paid.values)))
    ]
    return [min(cures, key=lambda bit: (worth.get(bit, 0.0), bit))] if cures else read


def between(low: Values, high: Values) -> Values | None:
    """Values halfway between two sets, where they are numbers or times; what is neither is taken from the first.

    None when there is nothing between them.
    """
    found = tuple(_middle(a, b) for a, b in zip(low, high, strict=True))
    return found if found not in (low, high) else None


def _middle(low: str | None, high: str | None) -> str | None:
    if low is None or high is None or low == high:
        return low
    try:
        if low.lstrip("-").isdigit() and high.lstrip("-").isdigit():
            return str((int(low) + int(high)) // 2)
        return str((float(low) + float(high)) / 2)
    except ValueError:
        pass
    try:
        first, last = datetime.fromisoformat(low), datetime.fromisoformat(high)
        middle = first + (last - first) / 2
    except (ValueError, TypeError):
        return low
    return middle.isoformat(sep=" ") if len(low) > 10 else middle.date().isoformat()

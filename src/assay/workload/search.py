"""Chooses a set of indexes for a whole workload: grown by benefit per byte, then improved by local search."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from assay.ports.deadline import Deadline
from assay.workload.candidates import merged
from assay.workload.index import IndexDraft
from assay.workload.whatif import WhatIf, places

LEAST_GAIN = 0.001
"""An index must save at least this share of the workload's cost."""
STORAGE_PRICE = 0.07
"""Without a budget, an index as large as all tables together must save more than this share of the cost."""
EXPONENTS = (1.0,)
"""Benefit is divided by bytes to these powers in turn; 1 is Extend's measure, 0 is plain greed."""
ALONE_SHARE = 0.4
"""Of the time for costing each candidate alone; what is not costed by then is tried only where a best plan uses it."""
PATIENCE = 0.3
"""The local search may ask so many questions for each one that was asked before it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a choice must keep to."""

    budget: int | None
    """Bytes of all chosen indexes together; None is no limit."""
    heap_bytes: int
    """Of the tables that the workload reads, for the price of storage when there is no budget."""
    write_price: Callable[[int], float] = lambda mask: 0.0
    """Modelled cost of keeping a set up to date, planner units over the workload."""


@dataclass(slots=True)
class Choice:
    """A set, and what it costs."""

    mask: int
    score: float
    """Workload cost with the set, plus the price of its writes and, without a budget, of its bytes."""
    bytes: int


@dataclass(slots=True)
class Search:
    """One search over one workload.

    Growth follows Extend (Schlosser, Kossmann, Boissier: Efficient Scalable Multi-attribute Index Selection Using
    Recursive Strategies, ICDE 2019): add an index or lengthen a chosen one, best benefit per byte first. Around it:
    seeds from each statement's best plan, sets that only help together, and a local search of drops, merges, swaps
    and refills (as in Bruno and Chaudhuri's relaxation, SIGMOD 2005), all from one memory of planner answers.
    The clock matters only where the deadline cuts it short; otherwise the same workload gives the same choice.
    """

    whatif: WhatIf
    rules: Rules
    deadline: Deadline
    report: Callable[[str], None] = lambda step: None
    base: float = 0.0
    pool: list[int] = field(default_factory=list[int])
    """Bits of the drafts worth trying, most saved alone first."""
    bundles: list[int] = field(default_factory=list[int])
    """Sets that one statement's best plan uses together."""
    banned: int = 0
    _scores: dict[int, float] = field(default_factory=dict[int, float])
    _calls_at_most: float = float("inf")

    # scoring -----------------------------------------------------------------------------------------------

    def price(self, mask: int) -> float:
        """What a set costs beside the statements: its writes and, without a budget, its bytes."""
        price = self.rules.write_price(mask)
        if self.rules.budget is None:
            price += STORAGE_PRICE * self.base * self.whatif.bytes(mask) / max(self.rules.heap_bytes, 1)
        return price

    def score(self, mask: int) -> float:
        """Cost of the workload under a set, its price included; lower is better."""
        known = self._scores.get(mask)
        if known is None:
            known = self._scores[mask] = self.whatif.total(mask) + self.price(mask)
        return known

    def fits(self, mask: int) -> bool:
        """Whether a set stays within the budget."""
        return self.rules.budget is None or self.whatif.bytes(mask) <= self.rules.budget

    @property
    def late(self) -> bool:
        """Whether time, or the number of questions, is up."""
        return self.whatif.calls >= self._calls_at_most or self.deadline.left() <= 0.0

    def saves(self, before: int, after: int, bar: float = float("-inf")) -> float:
        """How much lower the score is after than before; `-inf` as soon as it cannot reach the bar."""
        whatif = self.whatif
        saved = self.price(before) - self.price(after)
        open_: list[tuple[float, int, float]] = []
        for i in whatif.affected(before ^ after):
            weight, cost = whatif.statements[i].weight, whatif.cost(i, before).mean
            known = whatif.known(i, after)
            if known is not None:
                saved += weight * (cost - known.mean)
            else:
                open_.append((weight * (cost - whatif.least(i, after)), i, weight * cost))
        hope = sum(most for most, _, _ in open_)
        for most, i, cost in sorted(open_, reverse=True):
            if saved + hope < bar:
                return float("-inf")
            hope -= most
            saved += cost - whatif.statements[i].weight * whatif.cost(i, after).mean
        return saved

    # the pool ----------------------------------------------------------------------------------------------

    def fill_pool(self, drafts_of: dict[int, list[IndexDraft]]) -> None:
        """Find the drafts worth trying: those that best plans use, and those that save something alone."""
        whatif = self.whatif
        self.base = whatif.total(0)
        heavy = sorted(drafts_of, key=lambda i: (-whatif.statements[i].weight * whatif.cost(i, 0).mean, i))
        bits_of: dict[int, list[int]] = {}
        for count, place in enumerate(heavy):
            if self.late:
                break
            self.report(f"Imagining candidates, statement {count + 1} of {len(heavy)}")
            bits_of[place] = [bit for draft in drafts_of[place] if (bit := whatif.bit(draft))]
        for count, place in enumerate(bits_of):
            if self.late:
                break
            self.report(f"Costing candidates, statement {count + 1} of {len(heavy)}")
            if bits_of[place]:
                whatif.everything(place)
                self._best_plans(place, bits_of[place])
        alone = self._alone({bit for bits in bits_of.values() for bit in bits})
        least = LEAST_GAIN * 0.1 * self.base
        useful = {bit for bit, saved in alone.items() if saved > least}
        useful |= {1 << place for bundle in self.bundles for place in places(bundle)}
        self.pool = sorted((bit for bit in useful if self.fits(bit)), key=lambda bit: (-alone.get(bit, 0.0), bit))

    def _alone(self, bits: set[int]) -> dict[int, float]:
        """What each draft saves with nothing else there, where that can be as much as an index must save."""
        least = LEAST_GAIN * 0.1 * self.base
        alone: dict[int, float] = {}
        until = Deadline.after(ALONE_SHARE * self.deadline.left(3_600.0))
        for count, bit in enumerate(sorted(bits)):
            if self.late or until.left() <= 0.0:
                break
            self.report(f"Costing candidate {count + 1} of {len(bits)}")
            if self.fits(bit):
                alone[bit] = self._glimpsed(bit, least)
        return alone

    def _glimpsed(self, bit: int, least: float) -> float:
        """What a draft saves alone, by each statement's first sample; 0 when it cannot be as much as the least."""
        whatif, saved = self.whatif, -self.price(bit)
        hope = [(w * (whatif.cost(i, 0).mean - whatif.least(i, bit)), i, w) for i, w in self._weights(bit)]
        left = sum(most for most, _, _ in hope)
        for most, i, weight in sorted(hope, reverse=True):
            if saved + left < least:
                return 0.0
            left -= most
            saved += weight * whatif.glimpse(i, bit)
        return saved

    def _weights(self, mask: int) -> list[tuple[int, float]]:
        """Statements that a set can matter to, with their weights."""
        return [(i, self.whatif.statements[i].weight) for i in self.whatif.affected(mask)]

    def _best_plans(self, place: int, bits: list[int]) -> None:
        """Plan a statement with all its drafts, then without the largest one used, and so on: each plan is a bundle."""
        mask = 0
        for bit in bits:
            mask |= bit
        for _ in range(6):
            used = self.whatif.cost(place, mask).used
            if not used or self.late:
                return
            if used not in self.bundles:
                self.bundles.append(used)
            largest = max(places(used), key=lambda p: (self.whatif.sizes[p], p))
            mask &= ~(1 << largest)

    # growing -----------------------------------------------------------------------------------------------

    def grow(self, mask: int, exponent: float, pool: Iterable[int] | None = None) -> int:
        """Add what saves most per byte (to a power) until nothing fits or saves enough; lengthen before adding twice.

        Stale measurements order the trial: what was measured best before is measured first, and the round ends when
        the best fresh one beats the next stale one (Minoux's lazy greedy), with sets that help only together tried too.
        """
        least = LEAST_GAIN * self.base
        options = [bit for bit in (self.pool if pool is None else pool) if not bit & self.banned]
        options += [b for b in self.bundles if b & (b - 1) and not b & self.banned and (pool is None or not b & mask)]
        stale = {option: float("inf") for option in options}
        while not self.late:
            best_rate, best_next = 0.0, mask
            for option in sorted(stale, key=lambda o: (-stale[o], o)):
                if self.late or (stale[option] < best_rate and stale[option] != float("inf")):
                    break
                if not option & ~mask:
                    stale.pop(option)
                    continue
                rate, after = self._move(mask, option, exponent, least, best_rate)
                if rate is None:
                    continue
                stale[option] = rate
                if rate > best_rate:
                    best_rate, best_next = rate, after
            if best_next == mask:
                return mask
            mask = best_next
        return mask

    def _move(
        self, mask: int, option: int, exponent: float, least: float, best_rate: float
    ) -> tuple[float | None, int]:
        """Measure an addition, or the replacement of what it covers: (saved per byte, set after).

        The rate is None when it was given up because it cannot beat the best one of this round.
        """
        after = mask | option
        covered = self._covered(mask, option)
        if covered and self.fits(after & ~covered):
            after &= ~covered
        elif not self.fits(after):
            return 0.0, mask
        grown = max(self.whatif.bytes(after) - self.whatif.bytes(mask), 1) ** exponent
        saved = self.saves(mask, after, max(least, best_rate * grown))
        if saved == float("-inf"):
            return (None if best_rate > 0.0 else 0.0), mask
        return (saved / grown if saved >= least else 0.0), after

    def _covered(self, mask: int, option: int) -> int:
        """Drafts of a set whose keys begin a draft of the option, on the same table, and whose columns it holds."""
        covered = 0
        for new in self.whatif.members(option & ~mask):
            for place in places(mask & ~option):
                old = self.whatif.drafts[place]
                alike = old.relation == new.relation and old.predicate == new.predicate
                if alike and old.keys == new.keys[: len(old.keys)]:
                    covered |= 1 << place
        return covered

    # improving ---------------------------------------------------------------------------------------------

    def run(self) -> Choice:
        """Grow from nothing with each measure, keep the best, then improve it until nothing helps or time is up."""
        starts: list[int] = []
        for exponent in EXPONENTS:
            self.report(f"Choosing indexes, {len(self.pool)} candidates")
            starts.append(self.grow(0, exponent))
        best = min(starts, key=lambda mask: (self.score(mask), self.whatif.bytes(mask)))
        return self.improve(best)

    def improve(self, mask: int, patience: float = PATIENCE) -> Choice:
        """Drop, merge, swap and refill until a whole round changes nothing.

        Args:
            patience: ask at most so many questions for each one that was asked before.
        """
        self._calls_at_most = self.whatif.calls * (1.0 + patience)
        changed = True
        rounds = 0
        while changed and not self.late:
            rounds += 1
            self.report(f"Improving the choice, round {rounds}")
            before = self.score(mask)
            for move in (self._tidied, self._merged, self._swapped, self._refilled):
                mask = move(mask)
            changed = self.score(mask) < before - 1e-4 * self.base
        self._calls_at_most = float("inf")
        mask = self._tidied(mask)
        return Choice(mask, self.score(mask), self.whatif.bytes(mask))

    def _tidied(self, mask: int) -> int:
        """Remove what saves less than the least gain, least useful first."""
        while mask:
            losses = {1 << p: self.score(mask & ~(1 << p)) - self.score(mask) for p in places(mask)}
            weakest = min(losses, key=lambda bit: (losses[bit], bit))
            if losses[weakest] >= LEAST_GAIN * self.base:
                break
            mask &= ~weakest
        return mask

    def _merged(self, mask: int) -> int:
        """Replace two indexes by one that does the work of both where that is no dearer."""
        for one in list(places(mask)):
            for other in list(places(mask)):
                if not (mask >> one & 1 and mask >> other & 1) or one >= other or self.late:
                    continue
                draft = merged(self.whatif.drafts[one], self.whatif.drafts[other])
                bit = self.whatif.bit(draft) if draft is not None else 0
                if not bit or bit & self.banned:
                    continue
                both = mask & ~(1 << one | 1 << other) | bit
                if self.fits(both) and self.saves(mask, both, 0.0) > 0.0:
                    mask = both
        return mask

    def _swapped(self, mask: int) -> int:
        """Replace one index by another as long as that is cheaper, the least useful index first."""
        for out in sorted(places(mask), key=lambda p: self.score(mask & ~(1 << p))):
            without = mask & ~(1 << out)
            best, most = mask, 1e-5 * self.base
            for bit in self.pool:
                if self.late:
                    break
                if bit & (mask | self.banned) or not self.fits(without | bit):
                    continue
                saved = self.saves(mask, without | bit, most)
                if saved > most:
                    best, most = without | bit, saved
            mask = best
        return mask

    def _refilled(self, mask: int) -> int:
        """Take out one index at a time and grow again with two measures; keep what is cheaper."""
        for out in [1 << place for place in places(mask)]:
            if self.late:
                break
            if out & ~mask:
                continue
            for exponent in (1.0, 0.0):
                after = self.grow(mask & ~out, exponent, [b for b in self.pool if not b & out])
                if self.saves(mask, after, 0.0) > 1e-5 * self.base:
                    mask = after
                    break
        return mask

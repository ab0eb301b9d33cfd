"""Asks the planner what statements would cost if indexes existed, and remembers every answer that still holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assay.ports.databases import Imagined, PlanJson, Session
from assay.ports.errors import Refused, TimedOut
from assay.workload.blocks import Relation, estimated_blocks
from assay.workload.candidates import possible, relevant
from assay.workload.facts import StatementFacts
from assay.workload.index import IndexDraft

Values = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Weighed:
    """One statement of a workload as the search sees it."""

    id: str
    text: str
    weight: float
    """How often it ran; less when it really touches far fewer blocks than its samples would."""
    facts: StatementFacts
    samples: tuple[Values, ...]
    """Sets of parameter values; one empty set for a statement without parameters."""
    shares: tuple[float, ...]
    """How much each set counts; together 1."""
    origins: tuple[str, ...] = ()
    """Where each set comes from."""
    guessed: tuple[tuple[int, str], ...] = ()
    """Literals that pg_stat_statements took out and that were guessed, by number."""
    calls: int = 1
    rows: int = 0
    """Returned or changed, over all calls."""
    observed: float | None = None
    """Shared blocks that a call really touched on average, where that is far less than the samples' plans would."""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Costed:
    """What the planner said of one statement under one set of indexes."""

    costs: tuple[float, ...]
    """One a sample, planner units."""
    used: int
    """Bits of the hypothetical indexes that a plan of any sample reads."""
    blocks: tuple[float, ...]
    """Shared blocks that the plan of each sample is estimated to touch."""
    mean: float
    """Cost over the samples, by their shares."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the planner said of one statement with one set of values under one set of indexes."""

    cost: float
    blocks: float
    """Shared blocks that the plan is estimated to touch."""
    used: int
    """Bits of the hypothetical indexes that the plan reads."""


@dataclass(slots=True)
class _Memory:
    """What is known of one statement."""

    exact: dict[int, Costed] = field(default_factory=dict[int, Costed])
    relevant: int = 0
    """Drafts that are likely to matter; the search looks at these."""
    possible: int = 0
    """Drafts that can matter at all; the checks look at these."""
    ranges: dict[int, list[tuple[int, Costed]]] = field(default_factory=dict[int, list[tuple[int, Costed]]])
    """By what a plan used: the largest sets under which it was the plan."""
    bounds: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    """Costs under large sets, which no part of them can beat."""

    def derived(self, wanted: int) -> Costed | None:
        """The answer for a set that lies between what a plan used and a set under which it was the plan."""
        for used, tops in self.ranges.items():
            if not used & ~wanted:
                for top, answer in tops:
                    if not wanted & ~top:
                        return answer
        return None

    def remember(self, wanted: int, answer: Costed) -> None:
        """Keep an answer and the range of sets that it speaks for."""
        self.exact[wanted] = answer
        tops = self.ranges.setdefault(answer.used, [])
        tops[:] = [(top, old) for top, old in tops if top & ~wanted]
        tops.append((wanted, answer))

    def bound(self, wanted: int, answer: Costed) -> None:
        """Keep an answer under a large set: no part of the set can be cheaper."""
        self.bounds.append((wanted, answer.mean))


class WhatIf:
    """Costs statements under sets of hypothetical indexes; a set is an int with one bit for each draft.

    An answer is looked up by the relevant part of the set. It is also derived: when the plan under set C uses only U,
    every set between U and C has that plan and cost, since removing what is not used removes no better plan (the
    atomic configurations of Finkelstein, Schkolnick and Tiberio, TODS 1988). Final checks ask again, see `ask`.

    Raises what the session raises; Refused by a draft makes it unusable, Refused or TimedOut by a statement makes
    that statement unplannable.
    """

    def __init__(
        self,
        session: Session,
        statements: Sequence[Weighed],
        *,
        relations: Mapping[str, Relation] | None = None,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self.session = session
        self.statements = tuple(statements)
        self.drafts: list[IndexDraft] = []
        self.sizes: list[int] = []
        self.calls = 0
        """EXPLAINs asked of the server."""
        self.requests = 0
        """Costs asked of this object."""
        self.planning_s = 0.0
        self.unplannable: dict[int, str] = {}
        """Why a statement could not be planned, by its place."""
        self.refused: dict[IndexDraft, str] = {}
        """Why the planner cannot imagine a draft."""
        self._tick = tick
        self._relations = relations or {}
        self._bits: dict[tuple[object, ...], int] = {}
        self._present: dict[int, Imagined] = {}
        self._memory = [_Memory() for _ in self.statements]

    # drafts ------------------------------------------------------------------------------------------------

    def bit(self, draft: IndexDraft) -> int:
        """Return the draft's bit, 0 when this planner cannot imagine it; the first time its size is read.

        Drafts that differ in the direction of whole scans only share a bit, and the first one stands for them.
        """
        known = self._bits.get(draft.same_work())
        if known is not None:
            return known
        if draft in self.refused:
            return 0
        try:
            imagined = self.session.imagine(draft.hypothetical())
        except Refused as error:
            self.refused[draft] = error.message
            return 0
        place = len(self.drafts)
        self.drafts.append(draft)
        self.sizes.append(imagined.bytes)
        self._bits[draft.same_work()] = 1 << place
        self._present[place] = imagined
        for statement, memory in zip(self.statements, self._memory, strict=True):
            if possible(draft, statement.facts):
                memory.possible |= 1 << place
                memory.relevant |= relevant(draft, statement.facts) << place
        return 1 << place

    def mask(self, drafts: Iterable[IndexDraft]) -> int:
        """Return the set of drafts, without those that cannot be imagined."""
        value = 0
        for draft in drafts:
            value |= self.bit(draft)
        return value

    def members(self, mask: int) -> tuple[IndexDraft, ...]:
        """The drafts of a set, in the order in which they were first seen."""
        return tuple(self.drafts[place] for place in places(mask))

    def bytes(self, mask: int) -> int:
        """Size of a set, as hypopg estimates it."""
        return sum(self.sizes[place] for place in places(mask))

    # costs -------------------------------------------------------------------------------------------------

    def affected(self, mask: int) -> list[int]:
        """Places of the plannable statements to which a draft of a set is likely to matter."""
        return [i for i, memory in enumerate(self._memory) if memory.relevant & mask and i not in self.unplannable]

    def touched(self, mask: int) -> list[int]:
        """Places of the plannable statements to which any draft of a set can matter at all."""
        return [i for i, memory in enumerate(self._memory) if memory.possible & mask and i not in self.unplannable]

    def plannable(self) -> list[int]:
        """Places of the statements that can be planned, as far as known."""
        return [i for i in range(len(self.statements)) if i not in self.unplannable]

    def cost(self, place: int, mask: int) -> Costed:
        """Cost one statement under a set, from memory where that is exact or derived."""
        self.requests += 1
        known = self.known(place, mask)
        if known is not None:
            return known
        memory = self._memory[place]
        answer = self._ask(place, mask & memory.relevant)
        memory.remember(mask & memory.relevant, answer)
        return answer

    def everything(self, place: int) -> Costed:
        """Plan a statement with every draft that can matter to it; that bounds what smaller sets cost."""
        memory = self._memory[place]
        answer = self.cost(place, memory.relevant)
        memory.bound(memory.relevant, answer)
        return answer

    def ask(self, place: int, mask: int) -> Costed:
        """Plan one statement now, under all of this set that can matter to it."""
        return self._ask(place, mask & self._memory[place].possible)

    def see(self, place: int, mask: int, values: Values) -> Seen:
        """Plan one statement now with any values, under all of this set that can matter to it."""
        memory = self._memory[place]
        wanted = mask & memory.possible
        self._arrange(memory.possible, wanted)
        return self._see(self.statements[place].text, values, wanted)

    def _see(self, text: str, values: Values, wanted: int) -> Seen:
        plan = self._plan(text, values)
        names = {self._present[p].name: 1 << p for p in places(wanted)}
        leads = {self._present[p].name: lead for p in places(wanted) if (lead := self.drafts[p].keys[0].column)}
        used = 0
        for name in index_names(plan):
            used |= names.get(name, 0)
        return Seen(float(plan["Total Cost"]), estimated_blocks(plan, self._relations, leads), used)

    def _ask(self, place: int, wanted: int) -> Costed:
        memory = self._memory[place]
        self._arrange(memory.possible, wanted)
        statement = self.statements[place]
        try:
            seen = [self._see(statement.text, values, wanted) for values in statement.samples]
            costs, blocks = tuple(one.cost for one in seen), tuple(one.blocks for one in seen)
            used = 0
            for one in seen:
                used |= one.used
            mean = sum(share * cost for share, cost in zip(statement.shares, costs, strict=True))
            answer = Costed(costs, used, blocks, mean)
        except (Refused, TimedOut):
            # Planned before, so this set alone is the trouble (many indexes, a busy server): it brings nothing.
            if not wanted or 0 not in memory.exact:
                raise
            answer = replace(memory.exact[0], used=0)
        return answer

    def known(self, place: int, mask: int) -> Costed | None:
        """What a statement costs under a set when that needs no question, else None."""
        memory = self._memory[place]
        wanted = mask & memory.relevant
        known = memory.exact.get(wanted)
        if known is None:
            known = memory.derived(wanted)
            if known is not None:
                memory.exact[wanted] = known
        return known

    def least(self, place: int, mask: int) -> float:
        """A bound: a statement costs no less under a set than under larger ones; 0 when none was planned."""
        memory = self._memory[place]
        wanted = mask & memory.relevant
        return max((cost for top, cost in memory.bounds if not wanted & ~top), default=0.0)

    def glimpse(self, place: int, mask: int) -> float:
        """What a set saves of a statement with its first sample only; quick, and good enough to sort candidates out."""
        memory = self._memory[place]
        wanted = mask & memory.relevant
        known, today = self.known(place, mask), self.cost(place, 0)
        if known is not None:
            return today.mean - known.mean
        self._arrange(memory.possible, wanted)
        statement = self.statements[place]
        try:
            return today.costs[0] - float(self._plan(statement.text, statement.samples[0])["Total Cost"])
        except (Refused, TimedOut):
            return 0.0

    def base(self) -> dict[int, Costed]:
        """Cost every statement without any draft; one that cannot be planned is noted and left out."""
        found: dict[int, Costed] = {}
        for place in range(len(self.statements)):
            try:
                found[place] = self.cost(place, 0)
            except (Refused, TimedOut) as error:
                self.unplannable[place] = error.message
        return found

    def total(self, mask: int) -> float:
        """Cost of the whole workload, weighted."""
        return sum(self.statements[i].weight * self.cost(i, mask).mean for i in self.plannable())

    def plan(self, place: int, mask: int, sample: int = 0) -> PlanJson:
        """Plan one sample of one statement under a set and return the plan."""
        memory = self._memory[place]
        self._arrange(memory.possible, mask & memory.possible)
        statement = self.statements[place]
        return self._plan(statement.text, statement.samples[sample])

    def name_in_plan(self, mask: int) -> Mapping[str, IndexDraft]:
        """Names under which the drafts of a set stand in plans at this moment."""
        return {self._present[p].name: self.drafts[p] for p in places(mask) if p in self._present}

    def close(self) -> int:
        """Forget every hypothetical index and return how many the server still has (0 when clean)."""
        self._present.clear()
        self.session.forget()
        return hypothetical_left(self.session)

    def _plan(self, text: str, values: Values) -> PlanJson:
        self._tick()
        self.calls += 1
        began = time.perf_counter()
        plan = self.session.plan(text, values if values else None)
        self.planning_s += time.perf_counter() - began
        return plan

    def _arrange(self, scope: int, wanted: int) -> None:
        """Make the server's hypothetical indexes within a scope exactly those wanted; others do not matter and stay."""
        for place in [p for p in self._present if scope >> p & 1 and not wanted >> p & 1]:
            self.session.forget(self._present.pop(place))
        for place in places(wanted):
            if place not in self._present:
                self._present[place] = self.session.imagine(self.drafts[place].hypothetical())


def places(mask: int) -> Iterator[int]:
    """Yield the places of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def index_names(plan: PlanJson) -> Iterator[str]:
    """Yield the name of every index that a plan reads."""
    name = plan.get("Index Name")
    if name:
        yield str(name)
    for child in plan.get("Plans", ()):
        yield from index_names(child)


def hypothetical_left(session: Session) -> int:
    """Count the hypothetical indexes of a session."""
    rows = session.rows("SELECT count(*) AS n FROM hypopg()")
    return int(rows[0]["n"])

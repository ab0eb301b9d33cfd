"""Checks a chosen set of indexes once more with the planner: each is used, each pays, and nothing gets dearer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from assay.workload.advice_model import Effect
from assay.workload.index import IndexDraft
from assay.workload.trades import Trade
from assay.workload.whatif import Costed, WhatIf, places

LEAST_SAVING = 0.30
"""An index must take at least this share off one statement's cost, given the rest of the set."""
MOST_DEARER = 0.01
"""No sample of any statement may cost more than this share on top."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found about one index of a set."""

    draft: IndexDraft
    bytes: int
    within: tuple[Effect, ...]
    """On every statement it can matter to: the rest of the set against the whole set."""
    alone: tuple[Effect, ...]
    """The same with nothing else built: today against this index only."""
    given: tuple[IndexDraft, ...]
    """The rest of the set."""
    guarded: int
    """Statements that were planned with it."""
    plans: int
    """Plans asked for to check it."""
    failed: str | None
    """Why it is withheld; None when it passed."""
    trade: Trade | None = None
    """What another statement would pay for it; it is then an estimate."""

    @property
    def helped(self) -> tuple[Effect, ...]:
        """Statements whose plan reads it and that get at least a tenth cheaper, most saved first."""
        found = [effect for effect in self.shown if effect.uses and effect.gain >= 0.1]
        return tuple(sorted(found, key=lambda e: (-_taken_off(e), e.id)))

    @property
    def stands_alone(self) -> bool:
        """Whether it pays with nothing else built."""
        return any(pays(effect) for effect in self.alone)

    @property
    def shown(self) -> tuple[Effect, ...]:
        """The effects to show: alone when it pays alone, else within the set."""
        return self.alone if self.stands_alone else self.within


def pays(effect: Effect) -> bool:
    """Whether an index takes enough off a statement, whatever it is asked for.

    The plan reads it; cost and estimated blocks both fall by LEAST_SAVING over the samples, and for samples that
    together count for half. Samples count as often as their values occur. Of a join only the cost must fall: looking
    rows up one by one touches cached pages again and again where a scan would touch many pages once, and is faster.
    """
    return effect.uses and _cheaper(effect) and (effect.joins or _touches_less(effect))


def _touches_less(effect: Effect) -> bool:
    return _enough(effect, effect.block_gain, effect.block_gains)


def _cheaper(effect: Effect) -> bool:
    return _enough(effect, effect.gain, effect.gains)


def _enough(effect: Effect, overall: float, each: tuple[float, ...]) -> bool:
    well = effect.mean(tuple(float(gain >= LEAST_SAVING) for gain in each))
    return overall >= LEAST_SAVING and well >= 0.5


def verify(whatif: WhatIf, mask: int) -> tuple[list[Verified], list[Effect]]:
    """Check every index of a set; also return what the whole set does to every statement.

    Costs of the whole set, of the set without each index and of each index alone are asked of the server anew.
    """
    today = {i: whatif.cost(i, 0) for i in whatif.plannable()}
    touched = set(whatif.touched(mask))
    whole = {i: whatif.ask(i, mask) if i in touched else today[i] for i in today}
    found = [_verify_one(whatif, mask, 1 << place, today, whole) for place in places(mask)]
    effects = [_effect(whatif, i, today[i], whole[i], mask) for i in today]
    dearer = [effect for effect in effects if worst(effect) > MOST_DEARER]
    return _blamed(whatif, mask, found, dearer), effects


def worst(effect: Effect) -> float:
    """The largest share by which a sample gets dearer, 0 when none does."""
    return max((a / b - 1.0 for b, a in zip(effect.before, effect.after, strict=True) if b > 0), default=0.0)


def passed_over(whatif: WhatIf, mask: int, most: int) -> list[Verified]:
    """For the heaviest statements that a set leaves as they are, the index that would help on top of the set.

    Args:
        mask: the chosen set.
        most: look at no more statements than this.
    """
    today = {i: whatif.cost(i, 0) for i in whatif.plannable()}
    left = [i for i in today if whatif.cost(i, mask).mean > 0.7 * today[i].mean]
    left.sort(key=lambda i: (-whatif.statements[i].weight * today[i].mean, i))
    found: dict[int, Verified] = {}
    for place in left[:most]:
        used = whatif.everything(place).used & ~mask
        costs = {1 << p: whatif.cost(place, mask | 1 << p).mean for p in places(used)}
        best = min(costs, key=lambda bit: (costs[bit], bit), default=0)
        if best and best not in found and costs[best] < 0.9 * whatif.cost(place, mask).mean:
            whole = {i: whatif.ask(i, mask | best) for i in today}
            found[best] = _verify_one(whatif, mask | best, best, today, whole)
    return list(found.values())


def not_worth(found: Verified, whatif: WhatIf, *, fits: bool) -> Verified:
    """Withhold an index that passed every check: it does not fit the budget, or is not worth its bytes and writes."""
    share, size = saved(found) / max(whatif.total(0), 1e-9), f"{found.bytes / 1e6:,.1f} MB"
    why = (
        f"is not worth its {size} and its writes" if fits else f"with {size} does not fit the budget beside the others"
    )
    return _with(found, f"It would take {share:.2%} off the workload's cost, but {why}.")


def _verify_one(whatif: WhatIf, mask: int, bit: int, today: dict[int, Costed], whole: dict[int, Costed]) -> Verified:
    touched = whatif.touched(bit)
    before = whatif.calls
    within: list[Effect] = []
    alone: list[Effect] = []
    for i in touched:
        rest = whatif.ask(i, mask & ~bit) if whole[i].used & bit else whole[i]
        within.append(_effect(whatif, i, rest, whole[i], bit))
        alone.append(_effect(whatif, i, today[i], whatif.ask(i, bit), bit))
    draft = whatif.members(bit)[0]
    verified = Verified(
        draft=draft,
        bytes=whatif.bytes(bit),
        within=tuple(within),
        alone=tuple(alone),
        given=whatif.members(mask & ~bit),
        guarded=len(whole),
        plans=whatif.calls - before,
        failed=None,
    )
    return _with(verified, _why_not(verified))


def _effect(whatif: WhatIf, place: int, before: Costed, after: Costed, bit: int) -> Effect:
    statement = whatif.statements[place]
    return Effect(
        statement.id, statement.weight, before.costs, after.costs, bool(after.used & bit), before.blocks, after.blocks,
        statement.shares, statement.observed, len(statement.facts.tables) > 1,
    )  # fmt: skip


def _why_not(found: Verified) -> str | None:
    """Say why an index may not be shown as proved, or None."""
    if not any(effect.uses for effect in found.within):
        return "No plan of the workload uses it once the other indexes are there."
    if not any(pays(effect) for effect in found.within):
        return _too_little(max((e for e in found.within if e.uses), key=lambda e: (_cheaper(e), e.gain)))
    dearer = max(found.alone, key=worst)
    if worst(dearer) > MOST_DEARER:
        return f"With it the planner expects statement {dearer.id} to cost {worst(dearer):.1%} more."
    return None


def _too_little(best: Effect) -> str:
    if best.gain < LEAST_SAVING:
        return f"It takes {best.gain:.0%} off the statement it helps most; at least {LEAST_SAVING:.0%} is shown."
    if not _cheaper(best):
        return (
            f"It takes {best.gain:.0%} off statement {best.id} on average, but between {min(best.gains):.0%} and "
            f"{max(best.gains):.0%} with different values: it depends on what is searched for."
        )
    before, after = best.mean(best.blocks_before), best.mean(best.blocks_after)
    if best.observed is not None:
        return (
            f"Statement {best.id} really touches {best.observed:,.0f} blocks a call, far fewer than with the values at "
            f"hand ({before:,.0f}): it is asked for others, and would not be spared {LEAST_SAVING:.0%} of them."
        )
    return (
        f"The planner expects statement {best.id} to cost {best.gain:.0%} less, but its plans would touch about "
        f"{after:,.0f} blocks instead of {before:,.0f}, and between {min(best.block_gains):.0%} and "
        f"{max(best.block_gains):.0%} fewer with different values."
    )


def _blamed(whatif: WhatIf, mask: int, found: list[Verified], dearer: list[Effect]) -> list[Verified]:
    """Withhold, for each statement that the whole set makes dearer, the index without which that goes away."""
    by_id = {statement.id: i for i, statement in enumerate(whatif.statements)}
    for effect in dearer:
        place = by_id[effect.id]
        used = [one for one in found if whatif.bit(one.draft) & whatif.ask(place, mask).used]
        rests = {id(one): whatif.ask(place, mask & ~whatif.bit(one.draft)).mean for one in used}
        if used:
            culprit = min(used, key=lambda one: rests[id(one)])
            more = f"{worst(effect):.1%} more because of it."
            why = f"With the whole set the planner expects statement {effect.id} to cost {more}"
            found = [_with(one, why) if one is culprit else one for one in found]
    return found


def _with(verified: Verified, failed: str | None) -> Verified:
    return replace(verified, failed=verified.failed or failed)


def by_saving(found: Iterable[Verified]) -> list[Verified]:
    """Most saved over the workload first."""
    return sorted(found, key=lambda one: (-saved(one), one.draft))


def saved(one: Verified) -> float:
    """Planner units that an index takes off the workload, over all calls."""
    return sum(_taken_off(effect) for effect in one.shown)


def _taken_off(effect: Effect) -> float:
    return effect.weight * (effect.mean(effect.before) - effect.mean(effect.after))

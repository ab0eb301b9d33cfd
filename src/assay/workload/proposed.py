"""Indexes that language models proposed, in the search's own pool: who thought of what, and what came of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from assay.kernel.consult import EMBEDDED
from assay.workload.advice_model import Proposal
from assay.workload.candidates import relevant
from assay.workload.index import IndexDraft
from assay.workload.search import LEAST_GAIN, Search
from assay.workload.verify import Verified


@dataclass(slots=True)
class Proposed:
    """The proposals of one advice."""

    each: tuple[Proposal, ...]
    ours: frozenset[tuple[object, ...]] = frozenset()
    """The work of the indexes that the engine thought of itself."""
    models: dict[tuple[object, ...], dict[str, None]] = field(default_factory=dict[tuple[object, ...], dict[str, None]])
    """For the work of each proposal, which models named it."""

    def join(self, drafts_of: dict[int, list[IndexDraft]], search: Search) -> None:
        """Put every proposal beside the engine's candidates of the statements that it is likely to matter to."""
        self.ours = frozenset(draft.same_work() for drafts in drafts_of.values() for draft in drafts)
        for one in self.each:
            if one.index is None:
                continue
            self.models.setdefault(one.index.same_work(), {})[one.by] = None
            for place, drafts in drafts_of.items():
                if relevant(one.index, search.whatif.statements[place].facts):
                    drafts.append(one.index)

    def by(self, draft: IndexDraft) -> tuple[str, ...]:
        """Who thought of an index; what the search itself made of others is the engine's."""
        models = tuple(self.models.get(draft.same_work(), ()))
        return models if models and draft.same_work() not in self.ours else (EMBEDDED, *models)

    def judged(self, search: Search, mask: int, failed: Mapping[IndexDraft, Verified]) -> tuple[Proposal, ...]:
        """Say of each why it is not among the chosen ones; asks the planner for those that nothing else is known of."""
        reasons = {draft.same_work(): one.failed for draft, one in failed.items()}
        seen: set[tuple[object, ...]] = set()
        found: list[Proposal] = []
        for one in self.each:
            if one.index is not None:  # a rewrite is judged by itself
                work = one.index.same_work()
                again = "it was proposed before" if work in seen else None
                reason = again or _why_not(search, mask, one.index, reasons.get(work))
                one = replace(one, refused=reason.rstrip(".") if reason else None)
                seen.add(work)
            found.append(one)
        return tuple(found)


def _why_not(search: Search, mask: int, draft: IndexDraft, failed: str | None) -> str | None:
    whatif = search.whatif
    if all(not relevant(draft, statement.facts) for statement in whatif.statements):
        return "no statement searches or sorts by its first column, or reads nothing but its columns"
    bit = whatif.bit(draft)
    if not bit:
        return "the planner cannot imagine it"  # its words may repeat a literal of the model's
    if bit & mask:
        return None
    if failed is not None:
        return failed
    if not search.fits(bit):
        return "it alone is larger than the budget"
    if search.deadline.left() <= 0 and bit not in search.pool:
        return "there was no time left to cost it"
    saved = search.saves(0, bit) / max(search.base, 1e-9)
    if saved < LEAST_GAIN:
        return "what it saves by the planner's costs is not worth its bytes and its writes"
    return f"the chosen indexes do its work; alone it would take {saved:.1%} off the workload's cost"

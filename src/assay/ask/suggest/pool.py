"""One pool of the engine's readings and the models' proposals: each is checked, and agreement decides the order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from assay.ask.cautions import cautions
from assay.ask.describe import clauses
from assay.ask.engine.answer import Candidate
from assay.ask.engine.link import Links
from assay.ask.examine import Examined, examine
from assay.ask.graph import Graph
from assay.ask.ir import Query
from assay.ask.lift import lift
from assay.ask.model import Alternative, Clause, Issue
from assay.ask.render import Unrenderable, tree
from assay.ask.respond import Response
from assay.ask.scope import Unjoinable
from assay.kernel.consult import EMBEDDED
from assay.ports.databases import Reader

UNCALIBRATED = (
    "not calibrated for this model: from how many of its samples agree, with each other and with the embedded engine"
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one sample of a model said."""

    sql: str
    model: str


@dataclass(frozen=True, slots=True)
class Pooled:
    """What came of a question."""

    response: Response
    proposed_by: tuple[str, ...] = (EMBEDDED,)
    """Who proposed the best one."""
    rejected: tuple[tuple[str, tuple[Issue, ...]], ...] = ()
    """Proposals that did not pass, and why."""
    accepted: int = 0
    """Proposals that passed."""

    @property
    def by_model(self) -> bool:
        """Whether its confidence rests on a model."""
        return any(name != EMBEDDED for name in self.proposed_by)


@dataclass(slots=True)
class _Entry:
    """One statement that passed, whoever proposed it."""

    sql: str
    says: str = ""
    chance: float = 0.0
    """The engine's, calibrated; 0 where it did not read the question so."""
    examined: Examined | None = None
    query: Query | None = None
    votes: int = 0
    models: list[str] = field(default_factory=list[str])
    confidence: float = 0.0


def pool(
    session: Reader | None,
    graph: Graph,
    links: Links,
    found: Response,
    proposals: Sequence[Proposal],
    *,
    samples: int,
    alternatives: int,
    cap: int,
) -> Pooled:
    """Check every proposal, and rank all that passed by agreement; what a model thinks of its own is not asked.

    Args:
        session: None where only the schema is known.
        found: what the engine made of the question.
        samples: how often models were asked; those that gave nothing count as disagreement.

    Raises Unavailable when the database is gone.
    """
    entries = _of_engine(found)
    rejected: dict[str, tuple[Issue, ...]] = {}
    accepted = 0
    for proposal in proposals:
        examined, query = _examined(session, graph, proposal.sql, cap)
        if examined.sql is None:
            rejected.setdefault(proposal.sql, examined.issues)
            continue
        accepted += 1
        entry = entries.setdefault(examined.sql, _Entry(examined.sql))
        entry.examined, entry.query = entry.examined or examined, query
        entry.votes += 1
        if proposal.model not in entry.models:
            entry.models.append(proposal.model)
    refused = tuple(rejected.items())
    sure = found.confidence if found.best is not None else 0.0
    first = found.best.sql if found.best is not None else None
    for entry in entries.values():
        entry.confidence = confidence(entry.chance, entry.votes, samples, 0.0 if entry.sql == first else sure)
    ranked = sorted(entries.values(), key=lambda one: (-one.confidence, -one.chance))
    if not accepted or not ranked:
        return Pooled(found, rejected=refused)
    # an alternative of the engine that nobody else proposed was not handed on with its checks
    best = next(one for one in ranked if one.examined is not None)
    others = [one for one in ranked if one is not best]
    by = ((EMBEDDED,) if best.chance else ()) + tuple(best.models)
    shown = tuple(map(_alternative, others[:alternatives]))
    if best.examined is None or best.sql == first:
        response = replace(found, confidence=round(best.confidence, 4), alternatives=shown)
    else:
        response = _response(best, best.examined, graph, links, shown, found.took_ms)
    return Pooled(response, by, refused, accepted)


def confidence(chance: float, votes: int, samples: int, other: float) -> float:
    """How sure an answer is, on purpose rather too little.

    Agreement of samples counts by Laplace's rule of succession, and half of that where the engine agrees. The engine is
    calibrated: when it gives another reading the chance `other`, this one has at most the rest.

    Args:
        chance: the engine's for this answer; 0 where it did not propose it.
        votes: samples that gave it, of so many.
        other: the engine's chance of its best reading, where that is another one.
    """
    if not votes:
        return chance
    agreed = (votes + 1) / (samples + 2)
    raised = 1 - (1 - chance) * (1 - agreed / 2) if chance else agreed
    return max(chance, min(raised, 1 - other))


def _of_engine(found: Response) -> dict[str, _Entry]:
    entries: dict[str, _Entry] = {}
    if found.best is not None and found.best.sql is not None:
        says = "; ".join(clause.says for clause in found.explanation if clause.part != "from")
        entries[found.best.sql] = _Entry(found.best.sql, says, found.confidence, found.best)
    for one in found.alternatives:
        entries.setdefault(one.sql, _Entry(one.sql, one.says, one.confidence))
    return entries


def _examined(session: Reader | None, graph: Graph, sql: str, cap: int) -> tuple[Examined, Query | None]:
    """Check a proposal; what fits our form is written anew from it, so that nothing but its meaning is left."""
    query = lift(sql, graph) if graph.known else None
    if isinstance(query, Query):
        try:
            text = tree(query, graph).sql(dialect=graph.dialect)
        except (Unrenderable, Unjoinable, ValueError):
            text = ""
        if text and (examined := examine(session, graph, text, cap=cap)).passed:
            return examined, query
    return examine(session, graph, sql, cap=cap), None


def _response(
    best: _Entry, examined: Examined, graph: Graph, links: Links, others: tuple[Alternative, ...], took_ms: float
) -> Response:
    warnings = tuple(issue.message for issue in examined.issues)
    explained: tuple[Clause, ...] = ()
    if best.query is not None:
        explained = clauses(Candidate(best.query, 0.0, links), graph, tree(best.query, graph))
        warnings += cautions(best.query, graph)
    elif graph.known:
        warnings += ("This SQL is of a form that is not explained clause by clause: read it before you rely on it.",)
    return Response(best=examined, confidence=round(best.confidence, 4), explanation=explained, warnings=warnings,
                    alternatives=others, took_ms=took_ms)  # fmt: skip


def _alternative(entry: _Entry) -> Alternative:
    says = entry.says
    if not says:
        says = f"Proposed by {', '.join(entry.models)}"
    return Alternative(sql=entry.sql, says=says, confidence=round(entry.confidence, 4))

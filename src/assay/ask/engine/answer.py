"""Answers a question about a database with candidate queries, best first: the engine's way in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.ask.engine.features import Scene, places, scene
from assay.ask.engine.link import Linker, Links
from assay.ask.engine.propose import Draft, propose
from assay.ask.engine.rank import Model
from assay.ask.engine.slots import Slots, beliefs
from assay.ask.engine.sure import row
from assay.ask.engine.values import ValueIndex
from assay.ask.engine.weigh import Outcome, Run, Weigher, outcome, outcome_rows
from assay.ask.engine.words import tokenise
from assay.ask.graph import Graph
from assay.ask.ir import Query

Floats = NDArray[np.float32]
MOST_RUN = 16
"""Candidates that are run when they may be."""
ENOUGH = 0.6
"""Share of them that must have run for their rows to count."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A reading of the question."""

    query: Query
    score: float
    """The ranker's; higher is likelier, comparable within one question only."""
    links: Links
    spans: tuple[int, ...] = ()
    """Places in links.spans of the values that the query uses."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of a question."""

    candidates: tuple[Candidate, ...] = ()
    """Best first."""
    sure: float = 0.0
    """Log-odds that the best one is right, not calibrated."""
    ran: bool = False
    """Candidates were run, and ranked by what they returned."""


class Engine:
    """What is kept of one database between questions."""

    def __init__(self, graph: Graph, values: ValueIndex, model: Model) -> None:
        self.model = model
        self.linker = Linker(graph, values, model.lexicon)
        self._places = places(self.linker)
        self._joined: dict[frozenset[int], int] = {}

    def scene(self, question: str) -> Scene:
        """The question's links, and what the scorers see of them."""
        return scene(self.linker, self._places, self.linker.link(tokenise(question)))

    def drafts(self, seen: Scene) -> list[Draft]:
        """Candidates before ranking."""
        if not seen.columns:
            return []
        believed = beliefs(self.model, seen)
        return propose(self.linker, self.model, believed, Slots(self.linker, seen, believed))

    def weights(self, seen: Scene, drafts: list[Draft]) -> Floats:
        """What the ranker sees of the candidates."""
        return Weigher(self.linker, self._joined, seen).rows(drafts)

    def answer(self, question: str, run: Run | None = None) -> Reading:
        """Candidates, best first; none where nothing can be read into the question.

        With `run`, the first candidates are run and ranked again by what they return, if most of them could be run."""
        seen = self.scene(question)
        drafts = self.drafts(seen)
        if not drafts:
            return Reading()
        rows = self.weights(seen, drafts)
        scores = self.model.trees["rank"].score(rows)
        order: list[int] = np.argsort(-scores, kind="stable").tolist()
        first = order[:MOST_RUN]
        outcomes = outcomes_of(run, [drafts[at].query for at in first]) if run is not None else []
        ran = sum(one is not None for one in outcomes) > ENOUGH * len(first)
        if ran:
            shown = with_outcomes(rows[first], scores[first], outcomes)
            ranked, sure = self._with_rows(order, shown)
        else:
            ranked = [(at, float(scores[at])) for at in order]
            sure = self._sure("sure", scores[order], rows[order[0]])
        found = tuple(Candidate(drafts[at].query, score, seen.links, drafts[at].spans) for at, score in ranked)
        return Reading(found, sure, ran)

    def _with_rows(self, order: list[int], shown: Floats) -> tuple[list[tuple[int, float]], float]:
        again = self.model.trees["rerank"].score(shown)
        best: list[int] = np.argsort(-again, kind="stable").tolist()
        floor = float(again.min()) - 1.0
        ranked = [(order[at], float(again[at])) for at in best]
        ranked += [(at, floor - place) for place, at in enumerate(order[len(best) :])]
        return ranked, self._sure("sure_ran", again[best], shown[best[0]])

    def _sure(self, judge: str, scores: Floats, best: Floats) -> float:
        return float(self.model.trees[judge].score(row(scores, best)[None, :])[0])


def outcomes_of(run: Run, queries: list[Query]) -> list[Outcome | None]:
    """What running them showed; None for one that fails."""
    results = [(run(query), query.limit) for query in queries]
    return [None if found is None else outcome(found, limit) for found, limit in results]


def with_outcomes(rows: Floats, scores: Floats, outcomes: list[Outcome | None]) -> Floats:
    """What the second ranker sees: what the first saw, its scores, and what running showed."""
    return np.concatenate([rows, scores[:, None], outcome_rows(outcomes, scores)], axis=1).astype(np.float32)

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
from assay.ask.engine.values import ValueIndex
from assay.ask.engine.weigh import Run, Weigher, outcome, outcome_rows
from assay.ask.engine.words import tokenise
from assay.ask.graph import Graph
from assay.ask.ir import Query

Floats = NDArray[np.float32]
MOST_RUN = 25
"""Candidates that are run when they may be."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A reading of the question."""

    query: Query
    score: float
    """The ranker's; higher is likelier, comparable within one question only."""
    links: Links
    spans: tuple[int, ...] = ()
    """Places in links.spans of the values that the query uses."""


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

    def answer(self, question: str, run: Run | None = None) -> list[Candidate]:
        """Candidates, best first; none where nothing can be read into the question.

        With `run`, the first 25 are run and ranked again by what they return."""
        seen = self.scene(question)
        drafts = self.drafts(seen)
        if not drafts:
            return []
        rows = self.weights(seen, drafts)
        scores = self.model.trees["rank"].score(rows)
        order: list[int] = np.argsort(-scores, kind="stable").tolist()
        if run is not None:
            first = order[:MOST_RUN]
            again = rerank(self.model, run, [drafts[at] for at in first], rows[first], scores[first])
            best: list[int] = np.argsort(-again, kind="stable").tolist()
            floor = float(again.min()) - 1.0
            ranked = [(first[at], float(again[at])) for at in best]
            rest = [(at, floor - place) for place, at in enumerate(order[MOST_RUN:])]
            return [Candidate(drafts[at].query, score, seen.links, drafts[at].spans) for at, score in (*ranked, *rest)]
        return [Candidate(drafts[at].query, float(scores[at]), seen.links, drafts[at].spans) for at in order]


def rerank(model: Model, run: Run, drafts: list[Draft], rows: Floats, scores: Floats) -> Floats:
    """Score again, knowing what each candidate returns."""
    results = [(run(draft.query), draft.query.limit) for draft in drafts]
    outcomes = [None if found is None else outcome(found, limit) for found, limit in results]
    seen = np.concatenate([rows, scores[:, None], outcome_rows(outcomes, scores)], axis=1)
    return model.trees["rerank"].score(seen.astype(np.float32))

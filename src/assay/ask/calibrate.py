"""Turns a ranker's scores into the chance that the best reading is right, by isotonic regression on public data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from assay.ask.engine.rank import WEIGHTS, checked

NEAR = 10
"""Candidates that share the chance; the rest never have any worth naming."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Knots of a monotone curve from raw share to chance (Zadrozny and Elkan, KDD 2002)."""

    raw: tuple[float, ...]
    chance: tuple[float, ...]
    says: str
    """Where it comes from, in words."""

    def chances(self, scores: Sequence[float]) -> list[float]:
        """The chance of each candidate, best first; between knots the curve is straight."""
        return [float(np.interp(share, self.raw, self.chance)) for share in shares(scores)]


def shares(scores: Sequence[float]) -> list[float]:
    """The softmax of the best candidates' scores, best first; candidates beyond NEAR get nothing."""
    if not scores:
        return []
    first = np.asarray(scores[:NEAR], dtype=np.float64)
    weights = np.exp(first - first.max())
    return [*(weights / weights.sum()).tolist(), *([0.0] * (len(scores) - len(first)))]


@lru_cache(maxsize=1)
def on_public_data() -> Calibration:
    """The curve that ships with the weights. Raises BadWeights when it is not the one that was fitted."""
    digests: dict[str, str] = json.loads((WEIGHTS / "model.json").read_bytes())["sha256"]
    known = json.loads(checked(WEIGHTS / "calibration.json", digests.get("calibration.json", "")))
    return Calibration(tuple(known["raw"]), tuple(known["chance"]), str(known["says"]))

"""What tells whether the best reading is right: how far it stands out, what it leaves unexplained, what agrees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
NEAR = 10
"""Candidates among which the chance is shared; the rest never have any worth naming."""


def shares(scores: Sequence[float] | Floats) -> list[float]:
    """The softmax of the best candidates' scores, best first; candidates beyond NEAR get nothing."""
    if not len(scores):
        return []
    first = np.asarray(scores[:NEAR], dtype=np.float64)
    weights = np.exp(first - first.max())
    return [*(weights / weights.sum()).tolist(), *([0.0] * (len(scores) - len(first)))]


def row(scores: Floats, best: Floats) -> Floats:
    """What the judge of the best reading sees.

    Args:
        scores: of all candidates, best first, shape (n,).
        best: what the ranker saw of the best one, shape (features,).

    Returns one row, shape (7 + features,).
    """
    found = np.asarray(shares(scores), dtype=np.float64)
    entropy = -float((found[:NEAR] * np.log(np.maximum(found[:NEAR], 1e-12))).sum())
    second = float(found[1]) if len(found) > 1 else 0.0
    lead = float(scores[0] - scores[1]) if len(scores) > 1 else 5.0
    ahead = float(scores[0] - scores[1:NEAR].mean()) if len(scores) > 1 else 5.0
    own = (float(len(scores)), float(found[0]), second, lead, ahead, entropy, float(scores[0]))
    return np.concatenate([np.asarray(own, dtype=np.float32), best.astype(np.float32)])

"""How well chances tell what is right: the calibration error, and what is answered above a threshold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BINS = 10


def calibration_error(chances: Sequence[float], right: Sequence[bool]) -> float:
    """Expected calibration error over ten bins of equal width (Guo et al., ICML 2017)."""
    chance, marks = np.asarray(chances, dtype=float), np.asarray(right, dtype=float)
    place = np.minimum((chance * BINS).astype(int), BINS - 1)
    gaps = (abs(chance[place == at].sum() - marks[place == at].sum()) for at in range(BINS))
    return float(sum(gaps)) / max(len(chance), 1)


def coverage(chances: Sequence[float], right: Sequence[bool], threshold: float) -> dict[str, float]:
    """Per cent of the questions that are answered, and per cent of the answers that are right."""
    answered = [mark for chance, mark in zip(chances, right, strict=True) if chance >= threshold]
    return {
        "answered": round(100 * len(answered) / max(len(chances), 1), 1),
        "right": round(100 * sum(answered) / max(len(answered), 1), 1),
    }

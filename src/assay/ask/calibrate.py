"""Turns what the engine believes into the chance that a reading is right, by isotonic regression on public data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from assay.ask.engine.answer import Reading
from assay.ask.engine.rank import WEIGHTS, checked
from assay.ask.engine.sure import shares

Knots = tuple[tuple[float, ...], tuple[float, ...]]
"""Of a monotone curve: from what is believed (log-odds), to the chance."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Curves from belief to chance (Zadrozny and Elkan, KDD 2002)."""

    unseen: Knots
    """Where no candidate was run."""
    ran: Knots
    says: str
    """Where they come from, in words."""

    def chances(self, reading: Reading) -> list[float]:
        """The chance of each candidate, best first: what the best one leaves is shared among the others by score."""
        if not reading.candidates:
            return []
        first = chance(self.ran if reading.ran else self.unseen, reading.sure)
        rest = shares([one.score for one in reading.candidates])[1:]
        total = sum(rest) or 1.0
        return [first, *(min(first, (1 - first) * one / total) for one in rest)]


def chance(knots: Knots, sure: float) -> float:
    """Read a curve; between knots it is straight, beyond them level."""
    return float(np.interp(sure, *knots))


@lru_cache(maxsize=1)
def on_public_data(folder: Path = WEIGHTS) -> Calibration:
    """The curves that ship with the weights. Raises BadWeights when they are not those that were fitted."""
    digests: dict[str, str] = json.loads((folder / "model.json").read_bytes())["sha256"]
    known = json.loads(checked(folder / "calibration.json", digests.get("calibration.json", "")))
    return Calibration(_knots(known["unseen"]), _knots(known["ran"]), str(known["says"]))


def _knots(stored: Sequence[Sequence[float]]) -> Knots:
    believed, chances = stored
    return tuple(believed), tuple(chances)

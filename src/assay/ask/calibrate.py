"""Turns what the engine believes into the chance that a reading is right, by isotonic regression on public data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
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
    own: Knots | None = None
    """From the chance that these curves give to that of one database, as people judged its answers."""

    def public(self, reading: Reading) -> float:
        """The chance of the best candidate, whatever the database."""
        return chance(self.ran if reading.ran else self.unseen, reading.sure)

    def chances(self, reading: Reading) -> list[float]:
        """The chance of each candidate, best first: what the best one leaves is shared among the others by score."""
        if not reading.candidates:
            return []
        first = self.public(reading)
        first = first if self.own is None else chance(self.own, first)
        rest = shares([one.score for one in reading.candidates])[1:]
        total = sum(rest) or 1.0
        return [first, *(min(first, (1 - first) * one / total) for one in rest)]


ENOUGH = 50
"""Judged answers about one database from which on its own curve is used."""


def on_feedback(judged: Sequence[tuple[float, bool]], public: Calibration) -> Calibration:
    """The curves of one database from what people said of its answers; the public ones while there are too few.

    Below the least chance that was judged nothing is known, and nothing is made surer than it was.

    Args:
        judged: of each answer the public chance that it was right, and whether it was.
    """
    if len(judged) < ENOUGH:
        return public
    given, chances = isotonic([one for one, _ in judged], [right for _, right in judged])
    low = min(given[0], chances[0])
    own = (0.0, min(low, given[0] - 1e-9), *given), (0.0, low, *chances)
    return replace(public, own=own, says=f"{len(judged)} answers about this database that people judged")


def isotonic(believed: Sequence[float], right: Sequence[bool]) -> Knots:
    """Isotonic regression by pooling adjacent violators (Ayer et al., 1955), drawn through the middles of the pools.

    A pool's chance counts one right and one wrong answer besides its own, so that few answers claim nothing extreme.
    """
    pools: list[tuple[float, float, float]] = []  # sum of beliefs, right ones, size
    for sure, same in groupby(sorted(zip(believed, right, strict=True)), key=itemgetter(0)):
        marks = [mark for _, mark in same]
        pools.append((sure * len(marks), float(sum(marks)), float(len(marks))))
        while len(pools) > 1 and pools[-2][1] / pools[-2][2] >= pools[-1][1] / pools[-1][2]:
            last, before = pools.pop(), pools.pop()
            pools.append((before[0] + last[0], before[1] + last[1], before[2] + last[2]))
    chances = np.maximum.accumulate([(ok + 1) / (size + 2) for _, ok, size in pools])
    return tuple(total / size for total, _, size in pools), tuple(chances.tolist())


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

"""How often ask is right without a model, and how honest it is about it, on schemas that nothing was chosen by.

python benchmarks/ask.py

Needs ASSAY_DATA (exit 3 without). Every question of the databases whose SHA-256 is 0 modulo 5, in both wordings; right
is what gives the gold query's rows on the database and on two perturbed copies; empty and single-zero gold results are
left out. The bound of the candidates is their oracle. Unanswerable questions are those of other databases, and those
whose column was taken out of the schema.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "training" / "ask"))

import evaluate
from _demo import say

MUST = {"question": 47.0, "question_synonyms": 35.0}


def main() -> int:
    """Measure, and compare with the bars."""
    told, _ = evaluate.figures("test", lacking=10)
    honesty = told["honesty"]["ran"]
    say("ask", **told, must={**MUST, "calibration_error": 0.05, "unanswerable_refused": 90.0})
    held = all(told[wording]["accuracy"] >= least for wording, least in MUST.items())
    held &= honesty["calibration_error"] <= 0.05 and honesty["unanswerable_refused"]["all"]["refused"] >= 90
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())

"""Whether ask is as good in one dialect as in another: the same questions and rows in SQLite, PostgreSQL and MariaDB.

python benchmarks/ask_dialects.py

Needs ASSAY_DATA (exit 3 without) and MariaDB's programs. Of the test databases, those questions count whose gold query
gives the same rows on all three; their share is reported.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "training" / "ask"))

import parity
from _demo import say

MUST = 5.0


def main() -> int:
    """Measure, and compare the best with the worst."""
    told = parity.measured("test")
    apart = max(told["accuracy"].values()) - min(told["accuracy"].values())
    say("ask_dialects", **told, apart_points=round(apart, 1), must_points=MUST, aim_points=2.0)
    return 0 if apart <= MUST else 1


if __name__ == "__main__":
    sys.exit(main())

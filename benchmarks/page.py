"""How soon the page shows: first contentful paint and plan diff, in a real browser, median of three journeys.

    python benchmarks/page.py

The journeys are those of tests/journeys, light and dark, on the small shop, with nothing but the loopback.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median

from _demo import say

JOURNEYS = Path(__file__).parent.parent / "tests" / "journeys"
sys.path.insert(0, str(JOURNEYS.parent))

from journeys.browsing import started  # noqa: E402


def main() -> None:
    """Walk, and report what the walks measured."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as name, started(Path(name)) as world:
        seen = [world.walk(scheme, Path(name)) for scheme in ("light", "dark", "light")]
    say(
        "page", must_first_paint_ms=1_000, must_plan_diff_ms=2_000,
        first_paint_ms=round(median(one["firstPaint"] for one in seen)),
        plan_diff_ms=round(median(one["planDiff"] for one in seen)),
        serious_violations=sum(len(one["violations"]) for one in seen), errors=sum(len(one["errors"]) for one in seen),
    )  # fmt: skip


if __name__ == "__main__":
    main()

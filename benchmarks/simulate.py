"""How long a simulation takes on the demo: an index for each statement that suffers, planned again and again.

python benchmarks/simulate.py [FOLDER]
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from statistics import median, quantiles

from _demo import demo_shop, say

from assay.adapters.databases.postgres import PostgresDatabases
from assay.kernel.assayed import Verdict
from assay.ports.secret import Secret
from assay.sources.introspect import read_schema
from assay.workload.candidates import candidates
from assay.workload.index import IndexDraft
from assay.workload.model import Recommendation
from assay.workload.simulate import simulate
from assay.workload.statement import facts
from assay_lab.statements import SEEDS, SUFFERING

ROUNDS = 15


def recommendation(draft: IndexDraft) -> Recommendation:
    return Recommendation(
        id="r_bench", source="bench", type="missing_index", title=draft.title(), table=draft.relation,
        ddl=draft.ddl("bench_idx"), rationale="", risk="low", risk_reason="", confidence=0.5, confidence_reason="",
        verdict=Verdict.ESTIMATE, missing=("a benchmark",), created_at=datetime.now(UTC),
    )  # fmt: skip


def main() -> int:
    took: list[float] = []
    unclean = 0
    with demo_shop() as shop:
        databases = PostgresDatabases()
        with databases.session(Secret(shop.dsn)) as session:
            schema = read_schema(session, "bench")
        cases = [
            (statement.text, recommendation(drafts[0]))
            for statement in (*SEEDS, *SUFFERING)
            if (drafts := candidates(facts(statement.text, schema), schema))
        ]
        for _ in range(ROUNDS):
            for text, fix in cases:
                began = time.perf_counter()
                with databases.session(Secret(shop.dsn)) as session:
                    done = simulate(session, text, (), fix, schema)
                took.append((time.perf_counter() - began) * 1e3)
                unclean += not done.clean
        databases.close()
    p95 = quantiles(took, n=20)[-1]
    say(
        "simulate", statements=len(cases), simulations=len(took), p50_ms=round(median(took), 1), p95_ms=round(p95, 1),
        max_ms=round(max(took), 1), must_p95_ms=250, aim_p95_ms=50, left_behind=unclean,
    )  # fmt: skip
    return 0 if p95 <= 250 and not unclean else 1


if __name__ == "__main__":
    sys.exit(main())

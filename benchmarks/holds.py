"""Whether what is shown holds: every assayed index of the demo is really built on a copy, and blocks are counted.

    python benchmarks/holds.py [FOLDER]

Counts shared blocks (EXPLAIN ANALYZE, BUFFERS) of every SELECT of the shop's workload over 20 drawn values: today and
with the whole advice built; worse is who touches over a tenth more. An index holds when it cuts at least 30 % of the
blocks of a statement over the first 5 values, alone, or, where it says that it needs the others, against the others
only. Times are medians of 5 interleaved A/B runs.
"""

from __future__ import annotations

import re
import sys
from statistics import median
from typing import Any

import psycopg
from _demo import demo_shop, say, statements_of

from assay.adapters.databases.postgres import PostgresDatabases
from assay.ports.databases import Limits
from assay.ports.secret import Secret
from assay.ports.workers import Bench
from assay.sources.introspect import read_schema
from assay.workload.advice_model import AdviceResult, AdviceWork, Draft
from assay.workload.advise import advise
from assay_lab.facts import Draw, read_facts
from assay_lab.statements import Statement
from assay_lab.workload import STATEMENTS

DRAWS, DRAWS_ALONE, RUNS, SEED = 20, 5, 5, 11
Work = list[tuple[Statement, list[tuple[Any, ...]]]]


def advice(dsn: str) -> AdviceResult:
    databases = PostgresDatabases()
    try:
        with databases.session(Secret(dsn)) as session:
            schema, statements = read_schema(session, "demo"), statements_of(session)
        asked = AdviceWork(Secret(dsn), schema, statements, limits=Limits(plans_per_s=10_000))
        return advise(Bench(databases, lambda progress: None), asked)
    finally:
        databases.close()


def counted(connection: psycopg.Connection, statement: Statement, values: tuple[Any, ...]) -> tuple[int, float]:
    """Shared blocks and milliseconds of one run."""
    cursor = psycopg.ClientCursor(connection)
    explain = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement.sql}"
    row = cursor.execute(explain, values or None).fetchone()
    assert row is not None
    plan = row[0][0]
    return plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"], plan["Execution Time"]


def blocks_of(connection: psycopg.Connection, work: Work) -> dict[str, int]:
    """Shared blocks of each statement, summed over its draws."""
    return {s.name: sum(counted(connection, s, values)[0] for values in draws) for s, draws in work}


def cut(before: int, after: int) -> float:
    return 1.0 - after / before if before else 0.0


def tried(connection: psycopg.Connection, draft: Draft, work: Work, without: dict[str, int]) -> tuple[str, float]:
    """Build one index, count on what reads its table, drop it: the statement helped most, and its blocks' share cut."""
    assert draft.ddl is not None and draft.undo is not None
    connection.execute(draft.ddl)
    table = draft.table.split(".")[-1]
    after = blocks_of(connection, [(s, draws) for s, draws in work if re.search(rf"\b{table}\b", s.sql)])
    connection.execute(draft.undo)
    best = max(after, key=lambda name: cut(without[name], after[name]))
    return best, cut(without[best], after[best])


def main() -> int:
    with demo_shop() as shop:
        result = advice(shop.dsn)
        shown = [draft for draft in result.drafts if draft.outcome == "assayed" and draft.ddl]
        with psycopg.connect(shop.server.dsn("postgres"), autocommit=True) as admin:
            admin.execute("DROP DATABASE IF EXISTS shop_built WITH (FORCE)")
            admin.execute("CREATE DATABASE shop_built TEMPLATE shop")
        options = "-c pg_stat_statements.track=none"
        with (
            psycopg.connect(shop.dsn, autocommit=True, options=options) as today,
            psycopg.connect(shop.server.dsn("shop_built"), autocommit=True, options=options) as built,
        ):
            draw = Draw(read_facts(today), SEED)
            work: Work = [
                (s, [tuple(s.values(draw)) for _ in range(DRAWS)]) for s in STATEMENTS if s.sql.startswith("SELECT")
            ]
            before = blocks_of(today, work)
            few: Work = [(s, draws[:DRAWS_ALONE]) for s, draws in work]
            without = blocks_of(built, few)
            alone = {draft.title: tried(built, draft, few, without) for draft in shown}
            for draft in shown:
                built.execute(draft.ddl or "")
            after = blocks_of(built, work)
            for draft in shown:
                if alone[draft.title][1] < 0.3 and "only together with" in draft.rationale:
                    built.execute(draft.undo or "")
                    alone[draft.title] = tried(built, draft, few, blocks_of(built, few))
                    built.execute(draft.ddl or "")
            times = _times(today, built, work)
            with psycopg.connect(shop.server.dsn("postgres"), autocommit=True) as admin:
                built.close()
                admin.execute("DROP DATABASE shop_built WITH (FORCE)")
    worse = {name: [before[name], after[name]] for name in before if after[name] > 1.1 * before[name]}
    added = [(name, round(after[name] / max(before[name], 1) - 1.0, 3)) for name in before]
    holding = [title for title, (_, share) in alone.items() if share >= 0.3]
    say(
        "holds",
        assayed=len(shown),
        traded=[draft.title for draft in result.drafts if draft.outcome == "estimate" and draft.helps],
        hold=len(holding),
        share=round(len(holding) / len(shown), 3) if shown else None,
        must=0.9,
        worse=worse,
        more={name: share for name, share in added if share > 0},
        cut={title: [name, round(share, 3)] for title, (name, share) in alone.items()},
        blocks={"today": sum(before.values()), "built": sum(after.values())},
        ms={"today": round(sum(a for a, _ in times.values()), 1), "built": round(sum(b for _, b in times.values()), 1)},
        median_ms={name: [round(a, 1), round(b, 1)] for name, (a, b) in times.items() if a >= 5},
        relative_cost=round(result.cost / result.base_cost, 4),
        what_if_calls=result.what_if_calls,
        seconds=round(result.took_ms / 1e3, 1),
    )
    return 0 if shown and len(holding) >= 0.9 * len(shown) and not worse else 1


def _times(today: psycopg.Connection, built: psycopg.Connection, work: Work) -> dict[str, tuple[float, float]]:
    """Median milliseconds of each statement without and with the indexes, runs interleaved."""
    found: dict[str, tuple[float, float]] = {}
    for statement, draws in work:
        runs: list[tuple[float, float]] = []
        for number in range(RUNS):
            values = draws[number % len(draws)]
            runs.append((counted(today, statement, values)[1], counted(built, statement, values)[1]))
        found[statement.name] = (median(a for a, _ in runs), median(b for _, b in runs))
    return found


if __name__ == "__main__":
    sys.exit(main())

"""How long a scan takes, from the question to the committed report: read, fingerprint, plans of the top 20, rules.

    python benchmarks/scan.py

On the shop at a tenth of its size, with 100 and with 5,000 distinct statements in pg_stat_statements. "Cold" is the
first scan of a house that serves (every statement new, nothing cached), "warm" the median of the next five. The bound
is a bare read of all entries in the same run.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from itertools import islice, permutations
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from _demo import say
from _house import connected

from assay_lab.shop import Shop

COLUMNS = ("id", "user_id", "order_date", "status", "total_amount", "shipping_address")
BOUNDS = {100: 2_000, 5_000: 4_000}


def make_statements(dsn: str, wanted: int) -> int:
    """Run cheap statements of as many shapes as there should be entries; return how many there are."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        missing = wanted - count(connection)
        lists = (order[:width] for width in range(6, 2, -1) for order in permutations(COLUMNS, width))
        shapes = ((chosen, column) for chosen in lists for column in COLUMNS)
        for chosen, column in islice(shapes, max(missing, 0)):
            text = f"SELECT {', '.join(chosen)} FROM orders WHERE id = 1 AND {column} IS NOT NULL"
            connection.execute(text)
            connection.execute(text)
        return count(connection)


def count(connection: psycopg.Connection) -> int:
    """Entries of this database."""
    row = connection.execute(
        "SELECT count(*) FROM pg_stat_statements WHERE dbid ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())"
    ).fetchone()
    assert row is not None
    return row[0]


def bare_read(dsn: str) -> float:
    """Milliseconds to read every entry with psycopg and do nothing with it."""
    with psycopg.connect(dsn) as connection:
        began = time.perf_counter()
        connection.execute("SELECT * FROM pg_stat_statements").fetchall()
        return (time.perf_counter() - began) * 1_000


async def measure(dsn: str) -> dict[str, Any]:
    """One cold scan and five warm ones, milliseconds."""
    took: list[float] = []
    async with connected(dsn) as desk:
        for _ in range(6):
            began = time.perf_counter()
            report = await desk.ask("workload.scan", source=desk.source, top=20)
            took.append((time.perf_counter() - began) * 1_000)
    return {
        "statements": report.statements, "fingerprints": report.fingerprints, "planned": report.planned,
        "findings": len(report.findings), "cold_ms": round(took[0]), "warm_ms": round(median(took[1:])),
        "bare_read_ms": round(bare_read(dsn), 1),
    }  # fmt: skip


def main() -> None:
    """Measure both sizes on one server."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        shop = Shop(Path(folder) / "shop", scale=0.1)
        try:
            dsn = shop.start(lambda _step, _share: None)
            figures = {}
            for wanted, bound in BOUNDS.items():
                make_statements(dsn, wanted)
                figures[str(wanted)] = {**asyncio.run(measure(dsn)), "must_ms": bound}
            say("scan", **figures)
        finally:
            shop.stop()


if __name__ == "__main__":
    main()

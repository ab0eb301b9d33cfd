"""What the benchmarks of the advisor share: the demo shop, its statements as the server counted them, one JSON line."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assay.ports.databases import Session
from assay.workload.advice_model import AdviceStatement
from assay_lab.shop import Shop

_STATEMENTS = """
SELECT queryid::text AS id, query AS text, sum(calls)::bigint AS calls, sum(rows)::bigint AS rows,
       sum(shared_blks_hit + shared_blks_read)::bigint AS blocks
  FROM pg_stat_statements
 WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND calls > 1
 GROUP BY queryid, query ORDER BY sum(total_exec_time) DESC LIMIT 500
"""
_NOT_WORK = ("begin", "commit", "rollback", "set", "reset", "explain", "create", "alter", "drop", "copy", "vacuum")


@contextmanager
def demo_shop() -> Iterator[Shop]:
    """The shop at full size: in the folder named on the command line (kept), or in a temporary one."""
    kept = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        shop = Shop(kept or Path(folder) / "shop")
        try:
            shop.start(lambda _step, _share: None)
            yield shop
        finally:
            shop.stop()


def statements_of(session: Session) -> tuple[AdviceStatement, ...]:
    """The workload, as pg_stat_statements has it."""
    rows = session.rows(_STATEMENTS)
    return tuple(
        AdviceStatement(row["id"], row["text"], row["calls"], row["rows"], row["blocks"], row["text"][:70])
        for row in rows
        if not row["text"].lstrip().lower().startswith(_NOT_WORK)
    )


def say(benchmark: str, **figures: Any) -> None:
    """Print the one line."""
    print(json.dumps({"benchmark": benchmark, **figures}, ensure_ascii=False))

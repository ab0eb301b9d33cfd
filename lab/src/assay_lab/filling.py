"""Fill the shop: the same rows for the same seed, skewed and correlated as real data is, and all of them or none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg
from psycopg import sql

from assay_lab import rows
from assay_lab.server import Server, create_extensions

DATABASE = "shop"
SEED = 42
VERSION = 2
"""Raised when the same seed gives other rows than before; an older shop is then refilled."""

_FILLING = "shop_filling"
_SESSION = (
    "-c work_mem=256MB -c maintenance_work_mem=256MB -c max_parallel_workers_per_gather=0"
    " -c pg_stat_statements.track=none"
    # A hash join keeps the order of its larger side, so that the same seed gives the same rows in the same places.
    " -c enable_mergejoin=off -c enable_nestloop=off -c jit=off -c synchronous_commit=off"
)

Step = tuple[str, str]
"""What it does, in words, and the statements."""


def is_filled(server: Server, *, scale: float = 1.0, seed: int = SEED) -> bool:
    """Whether the shop is there, whole, and as this scale, seed and version would fill it."""
    with psycopg.connect(server.dsn(), autocommit=True, options=_SESSION) as admin:
        found = admin.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", (DATABASE,)
        ).fetchone()
    return found is not None and found[0] == _mark(scale, seed)


def fill(
    server: Server,
    *,
    scale: float = 1.0,
    seed: int = SEED,
    progress: Callable[[str, float], None] = lambda _step, _share: None,
) -> None:
    """Fill a database beside the shop's, and give it the shop's name when it is whole; an earlier shop is replaced."""
    with psycopg.connect(server.dsn(), autocommit=True, options=_SESSION) as admin:
        for name in (_FILLING, DATABASE):
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_FILLING)))
    dsn = server.dsn(_FILLING)
    with psycopg.connect(dsn, autocommit=True, options=_SESSION) as fresh:
        create_extensions(fresh)
    _run_lanes(dsn, rows.lanes(scale, seed), progress)
    with psycopg.connect(server.dsn(), autocommit=True, options=_SESSION) as admin:
        mark = sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(_FILLING), sql.Literal(_mark(scale, seed)))
        admin.execute(mark)
        admin.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(_FILLING), sql.Identifier(DATABASE))
        )


def _mark(scale: float, seed: int) -> str:
    return f"assay-lab shop {VERSION}, scale {scale:g}, seed {seed}"


def _run_lanes(dsn: str, lanes: Sequence[Sequence[Step]], progress: Callable[[str, float], None]) -> None:
    """Run independent series of steps side by side; the first failure ends them all."""
    total = sum(len(lane) for lane in lanes)
    done = 0
    lock = threading.Lock()
    failed = threading.Event()

    def run(lane: Sequence[Step]) -> None:
        nonlocal done
        try:
            with psycopg.connect(dsn, autocommit=True, options=_SESSION) as connection:
                for what, statements in lane:
                    if failed.is_set():
                        return
                    with lock:
                        progress(what, done / total)
                    connection.execute(statements.encode())
                    with lock:
                        done += 1
        except BaseException:
            failed.set()
            raise

    with ThreadPoolExecutor(len(lanes), "filling") as pool:
        for finished in [pool.submit(run, lane) for lane in lanes]:
            finished.result()

"""How long ask takes: to index 200 tables, and to answer questions about the demo shop through the house.

python benchmarks/ask_speed.py

The index is timed from an empty cache to an engine that answers: introspection, statistics, values, graph. Questions
go through the house (authentication, limits, guard, plan, evidence), without running readings and with; the bound is
reading and checking alone, in the same run.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

import psycopg
from _demo import say
from _house import connected

from assay.ports.secret import Secret
from assay_lab.shop import Shop

TABLES, ROUNDS = 200, 4
QUESTIONS = (
    "How many users are there?", "List the emails of users in Berlin", "What is the average total amount of orders?",
    "Which countries have more than 1000 users?", "What are the names of the 5 most expensive products?",
    "How many orders were placed in 2024?", "Show the status of each order and the number of orders",
    "What is the total amount of orders of each user?", "Which products have a price above 100?",
    "How many events are there of each type?",
)  # fmt: skip


def many_tables(dsn: str) -> str:
    """Make a database of so many tables that refer to one another; return its DSN."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE DATABASE wide")
    wide = psycopg.conninfo.make_conninfo(dsn, dbname="wide")
    with psycopg.connect(wide, autocommit=True) as connection:
        for at in range(TABLES):
            refers = f", parent_id int REFERENCES area_{at - 1}" if at else ", parent_id int"
            connection.execute(
                f"CREATE TABLE area_{at} (id int PRIMARY KEY, name_{at} text, city text, kind text, amount numeric,"
                f" started date, note text{refers})"
            )
            connection.execute(
                f"INSERT INTO area_{at} SELECT g, 'name ' || g, 'city ' || g % 50, 'kind ' || g % 7, g, now(), ''"
                " FROM generate_series(1, 200) g"
            )
        connection.execute("ANALYZE")
    return wide


def as_reader(dsn: str) -> str:
    """Make an account that may only read, with which readings may be run; return its DSN."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE ROLE asks LOGIN PASSWORD 'asks'")
        connection.execute("GRANT USAGE ON SCHEMA public TO asks; GRANT SELECT ON ALL TABLES IN SCHEMA public TO asks")
    return psycopg.conninfo.make_conninfo(dsn, user="asks", password="asks")


async def index(dsn: str) -> float:
    """Seconds until an engine is there."""
    took: list[float] = []
    for _ in range(3):
        async with connected(dsn) as desk:
            began = time.perf_counter()
            await desk.ask("ask.validate", store=desk.source, sql="SELECT 1")
            took.append(time.perf_counter() - began)
    return median(took)


async def answers(dsn: str, *, consult: bool) -> tuple[list[float], list[float]]:
    """Milliseconds of each answer through the house, and of reading and checking alone.

    Args:
        consult: run the cheap readings as well.
    """
    whole: list[float] = []
    alone: list[float] = []
    async with connected(dsn) as desk:
        for at in range(ROUNDS + 1):
            # one caller may ask ten questions at once
            caller = await desk.ask("accounts.issue", name=f"round {at}", roles=("operator",))
            for text in QUESTIONS:
                asked = {"natural_language": text, "database_target": {"store": desk.source},
                         "options": {"confidence_threshold": 0.0, "consult_rows": consult}}  # fmt: skip
                began = time.perf_counter()
                answer = await desk.house.call("ask.generate", asked, credential=Secret(caller.token))
                if at:
                    whole.append((time.perf_counter() - began) * 1e3)
                    alone.append(answer.took_ms)
    return whole, alone


def figures(took: list[float]) -> dict[str, float]:
    """The usual ones."""
    return {"p50": round(median(took), 1), "p95": round(quantiles(took, n=20)[-1], 1)}


def main() -> int:
    """Measure."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        shop = Shop(Path(folder) / "shop", scale=0.05)
        try:
            dsn = shop.start(lambda _step, _share: None)
            seconds = asyncio.run(index(many_tables(dsn)))
            reader = as_reader(dsn)
            whole, alone = asyncio.run(answers(reader, consult=False))
            ran, _ = asyncio.run(answers(reader, consult=True))
        finally:
            shop.stop()
    say(
        "ask_speed", tables=TABLES, index_s=round(seconds, 2), must_index_s=2.0, answers=len(whole),
        house_ms=figures(whole), reading_and_checks_ms=figures(alone),
        house_running_readings_ms=figures(ran), must_ms={"p50": 25, "p95": 100},
    )  # fmt: skip
    return 0 if seconds <= 2 and figures(alone)["p50"] <= 25 and figures(whole)["p95"] <= 100 else 1


if __name__ == "__main__":
    sys.exit(main())

"""A house that is killed (kill -9) at random points while it writes, proves and works loses nothing it acknowledged.

`ASSAY_KILLS` says at how many points (20 by default; the bar is 200, benchmarks/kill.py asks the served program).
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from assay.kernel._store import remembered
from assay.runtime._tables import events, jobs
from trial.child import Child, process
from trial.house import open_trial, until
from trial.notes._store import notes

KILLS = int(os.environ.get("ASSAY_KILLS", "20"))

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120 + 10 * KILLS)]


def _kill_at_random_points(home: Path, kills: int) -> dict[str, set[str]]:
    """Run a busy house again and again and kill it; return what it said that it had done."""
    said: dict[str, set[str]] = {"note": set(), "evidence": set(), "job": set()}
    for _ in range(kills):
        with process(home, "busy") as child:
            time.sleep(random.uniform(0, 0.6))  # the point of the kill is what is drawn
            child.kill()
            for line in child.lines():
                if len(line) == 2 and line[0] in said:
                    said[line[0]].add(line[1])
    return said


async def test_what_was_acknowledged_is_there_after_every_kill(tmp_path: Path) -> None:
    said = _kill_at_random_points(tmp_path, KILLS)
    assert len(said["note"]) > KILLS and len(said["evidence"]) > KILLS // 2, "it was killed before it did anything"
    async with open_trial(tmp_path) as trial:
        verified = await trial.ask("evidence.verify")
        assert verified.whole, verified.broken
        assert verified.checked >= len(said["evidence"])
        assert await trial.house.desk.ports.ledger.holds(sorted(said["evidence"]))

        kept = {row["id"] for row in await trial.rows(select(notes.c.id))}
        assert said["note"] <= kept, f"lost: {sorted(said['note'] - kept)[:5]}"

        async def all_ended() -> bool:
            open_jobs = select(func.count().label("n")).select_from(jobs).where(jobs.c.ended_at.is_(None))
            return (await trial.rows(open_jobs))[0]["n"] == 0

        await until(all_ended, within_s=60)
        rows = {row["id"]: row for row in await trial.rows(select(jobs))}
        assert said["job"] <= rows.keys(), "an acknowledged job is gone"
        states = {id: rows[id]["state"] for id in said["job"]}
        assert set(states.values()) <= {"done", "interrupted"}
        resumed = [row for row in rows.values() if row["operation"] == "notes.copy" and row["attempts"] < 3]
        assert {row["state"] for row in resumed} <= {"done"}, "a job that may be run again was not"

        kept = {row["id"] for row in await trial.rows(select(notes.c.id))}
        announced = {row["body"]["id"] for row in await trial.rows(select(events))}
        assert kept == announced, "a change without its fact, or a fact without its change"
        assert await trial.rows(select(remembered)) == []


def _kill_while_starting(home: Path, kills: int) -> None:
    for _ in range(kills):
        child = Child(home, "serve")
        time.sleep(random.uniform(0.1, 2.5))
        child.kill()


async def test_a_house_that_is_killed_while_it_starts_starts_again(tmp_path: Path) -> None:
    _kill_while_starting(tmp_path / "home", max(3, KILLS // 5))
    async with open_trial(tmp_path / "home") as trial:
        assert (await trial.ask("evidence.verify")).whole
        assert (await trial.house.call("accounts.me", {}, credential=trial.credential)).id == "user:local"

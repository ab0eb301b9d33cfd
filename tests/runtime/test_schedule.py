"""Schedules: once when due, also across processes; and the sweep that they run."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from assay.kernel._store import audit
from assay.kernel.catalogue import Schedule as Entry
from assay.kernel.errors import Invalid
from assay.kernel.values import now
from assay.ports.store import Change
from assay.runtime._tables import jobs, schedules
from assay.runtime.retention import STEP, sweep
from assay.runtime.schedule import Schedule
from trial.house import ROOMS, Trial, open_trial, until
from trial.notes._store import heard, notes
from trial.notes.capability import NOTES

pytestmark = pytest.mark.anyio

TICKING = (replace(NOTES, schedules=(Entry("notes.tick", timedelta(hours=1)),)), *ROOMS[1:])


async def _due(trial: Trial) -> None:
    await trial.store.commit([Change(update(schedules).values(next_at=now() - timedelta(seconds=1)))])


async def test_what_is_due_runs_once_though_two_processes_look_at_the_same_time(trial: Trial) -> None:
    acts: list[str] = []

    async def act(name: str) -> None:
        acts.append(name)

    both = [Schedule(trial.store, act, {"x.y": timedelta(hours=1)}) for _ in range(2)]
    row = {"name": "x.y", "every_s": 3600.0, "next_at": now() - timedelta(seconds=1)}
    await trial.store.commit([Change(insert(schedules).values(**row))])
    for _ in range(10):
        await trial.store.commit([Change(update(schedules).values(next_at=now() - timedelta(seconds=1)))])
        acts.clear()
        await asyncio.gather(*(one.run_due() for one in both))
        assert acts == ["x.y"]


async def test_an_act_that_fails_is_due_again_at_its_time_and_stops_no_other(trial: Trial) -> None:
    acts: list[str] = []

    async def act(name: str) -> None:
        acts.append(name)
        if name == "a.fails":
            raise Invalid("no")

    both = Schedule(trial.store, act, {"a.fails": timedelta(hours=1), "b.works": timedelta(hours=1)})
    past = now() - timedelta(days=3)
    for name in ("a.fails", "b.works", "c.gone"):
        row = {"name": name, "every_s": 1.0, "next_at": past}
        await trial.store.commit([Change(insert(schedules).values(**row))])
    await both.run_due()
    assert acts == ["a.fails", "b.works"], "days that were missed are not caught up one by one"
    await both.run_due()
    assert acts == ["a.fails", "b.works"]


async def test_a_schedule_asks_its_operation_as_the_room(tmp_path: Path) -> None:
    async with open_trial(tmp_path, rooms=TICKING) as trial:

        async def entered() -> bool:
            return any(row["name"] == "notes.tick" for row in await trial.rows(select(schedules)))

        await until(entered)
        await _due(trial)

        async def ticked() -> list[dict[str, Any]]:
            return await trial.rows(select(heard).where(heard.c.reaction == "tick"))

        assert [row["event_id"] for row in await until(ticked)] == ["room:notes"]


async def test_one_command_runs_no_schedules(tmp_path: Path) -> None:
    async with open_trial(tmp_path, rooms=TICKING, background=False) as trial:
        await trial.ask("notes.list")
        assert await trial.rows(select(schedules)) == []


async def test_the_sweep_removes_what_is_older_than_its_setting_and_nothing_else(tmp_path: Path) -> None:
    async with open_trial(tmp_path, keep_audit_days=2, keep_history_days=3) as trial:
        await trial.ask("notes.add_all", ids=["old", "young"])
        await trial.store.commit(
            [Change(update(notes).where(notes.c.id == "old").values(at=now() - timedelta(days=4)))]
        )
        await trial.settle()
        await trial.store.commit([Change(update(audit).values(at=now() - timedelta(days=1.9)))])
        swept = (await trial.ask("house.sweep")).removed
        assert (swept["notes"], swept["audit"]) == (1, 0)
        await trial.store.commit([Change(update(audit).values(at=now() - timedelta(days=2.1)))])
        assert (await trial.ask("house.sweep")).removed["audit"] >= 1
        assert [row["id"] for row in await trial.rows(select(notes))] == ["young"]


async def test_a_sweep_goes_in_steps_so_that_others_can_write_between(trial: Trial) -> None:
    old = now() - timedelta(days=100)
    rows = [{"id": f"n{n}", "text": "x", "source": None, "at": old, "version": 1} for n in range(2 * STEP + 7)]
    await trial.store.commit([Change(insert(notes).values(rows))])
    before = trial.store.commits
    assert await sweep(trial.store, notes, "at", 35, at=now()) == 2 * STEP + 7
    assert trial.store.commits - before >= 3
    assert (await trial.rows(select(func.count().label("n")).select_from(notes)))[0]["n"] == 0


async def test_jobs_that_have_not_ended_are_never_swept(tmp_path: Path) -> None:
    async with open_trial(tmp_path, jobs_at_once=1) as trial:
        running = await trial.ask("notes.copy", name="a", count=1000, seconds=0.05)
        await trial.store.commit([Change(update(jobs).values(created_at=now() - timedelta(days=1000)))])
        assert (await trial.ask("house.sweep")).removed["jobs"] == 0
        assert (await trial.ask("jobs.cancel", id=running.id)).ended

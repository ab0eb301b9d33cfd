"""Several processes on one database: jobs run once at a time, survive a kill -9, and are stopped from elsewhere."""

from __future__ import annotations

import asyncio
import signal
from collections import defaultdict
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from assay.ports.store import Change
from assay.runtime._tables import jobs
from assay.runtime.jobs import holder, is_dead
from trial.child import process
from trial.house import Trial, open_trial, until
from trial.notes._store import notes

pytestmark = pytest.mark.anyio


def _queued(trial: Trial, **asked: object) -> dict[str, object]:
    kept = {"id": "user:ada", "name": "ada", "roles": ["admin"], "scopes": ["*:*"]}
    return dict(trial.house.desk.jobs.new(operation="notes.copy", asked=asked, caller=kept, trace_id="0" * 32))


async def _job(trial: Trial, id: str) -> dict[str, object]:
    return (await trial.rows(select(jobs).where(jobs.c.id == id)))[0]


async def test_jobs_of_a_process_that_was_killed_are_resumed_or_marked(tmp_path: Path) -> None:
    with process(tmp_path, "start", "notes.copy", "notes.copy_once") as child:
        again, once = child.line()[1], child.line()[1]
        async with open_trial(tmp_path, background=False) as trial:

            async def both_run() -> bool:
                return all([(await _job(trial, id))["done"] for id in (again, once)])

            await until(both_run)
            child.kill()
        async with open_trial(tmp_path) as trial:

            async def taken_up() -> bool:
                return (await _job(trial, again))["attempts"] == 2

            await until(taken_up)
            assert (await _job(trial, again))["state"] == "running"
            marked = await _job(trial, once)
            assert (marked["state"], marked["error"]["code"]) == ("interrupted", "INTERNAL")  # type: ignore[index]
            await trial.ask("jobs.cancel", id=again)
            made = [row["id"] for row in await trial.rows(select(notes))]
            assert len(made) == len(set(made))


async def test_a_process_takes_up_what_another_one_left_while_both_ran(tmp_path: Path) -> None:
    async with open_trial(tmp_path) as trial:
        with process(tmp_path, "start", "notes.copy") as child:
            id = child.line()[1]

            async def runs_there() -> bool:
                row = await _job(trial, id)
                return row["state"] == "running" and f":{child.pid}:" in str(row["holder"])

            async def runs() -> bool:
                return bool((await _job(trial, id))["done"])

            await until(runs)
            theirs = await runs_there()
            child.kill()

            async def runs_here() -> bool:
                row = await _job(trial, id)
                return row["state"] == "running" and f":{child.pid}:" not in str(row["holder"]) and row["done"] > 0  # type: ignore[operator]

            await until(runs_here)
            assert (await _job(trial, id))["attempts"] == (2 if theirs else 1)
            await trial.ask("jobs.cancel", id=id)


async def test_a_job_that_runs_elsewhere_is_stopped_from_here(tmp_path: Path) -> None:
    with process(tmp_path, "start", "notes.copy") as child:
        id = child.line()[1]
        async with open_trial(tmp_path, background=False) as trial:

            async def runs() -> bool:
                return bool((await _job(trial, id))["done"])

            await until(runs)
            stopped = await trial.ask("jobs.cancel", id=id)
            assert stopped.state == "cancelled"


async def test_progress_of_a_job_elsewhere_is_seen_here(tmp_path: Path) -> None:
    with process(tmp_path, "start", "notes.copy") as child:
        id = child.line()[1]
        async with open_trial(tmp_path, background=False) as trial:
            seen: list[int] = []
            async with asyncio.timeout(20):
                async for item in trial.house.stream("jobs.events", {"id": id}, caller=trial.caller):
                    seen.append(item.done)
                    if len(set(seen)) >= 3:
                        break
            assert seen == sorted(seen)


async def test_two_processes_never_run_the_same_job_at_once(tmp_path: Path) -> None:
    home, log = tmp_path / "home", tmp_path / "log"
    async with open_trial(home, background=False) as trial:
        with process(home, "serve"), process(home, "serve"):
            queued = [_queued(trial, name=f"n{number}", count=1, seconds=0.05, log=str(log)) for number in range(40)]
            await trial.store.commit([Change(insert(jobs).values(**row)) for row in queued])

            async def all_done() -> bool:
                return not await trial.rows(select(jobs).where(jobs.c.state != "done"))

            await until(all_done, within_s=60)
        rows = await trial.rows(select(jobs))
        assert {row["attempts"] for row in rows} == {1}
    told: dict[str, list[str]] = defaultdict(list)
    ran_in: set[str] = set()
    for line in log.read_text().splitlines():
        name, word, pid = line.split()
        told[name].append(word)
        ran_in.add(pid)
    assert all(words == ["begin", "end"] for words in told.values())
    assert len(ran_in) > 1, "the work was never shared"


async def test_a_process_that_was_told_to_end_leaves_its_jobs_queued(tmp_path: Path) -> None:
    with process(tmp_path, "start", "notes.copy") as child:
        id = child.line()[1]
        async with open_trial(tmp_path, background=False) as trial:

            async def runs() -> bool:
                return bool((await _job(trial, id))["done"])

            await until(runs)
            child.signal(signal.SIGINT)

            async def released() -> bool:
                return (await _job(trial, id))["state"] == "queued"

            await until(released)


async def test_a_holder_is_known_to_be_dead_only_when_its_process_has_ended(tmp_path: Path) -> None:
    assert not is_dead(holder())
    host, pid, birth = holder().rsplit(":", 2)
    assert is_dead(f"{host}:{pid}:{int(birth) + 1}"), "a later process with the same number"
    assert not is_dead(f"elsewhere:{pid}:1"), "nobody here knows"
    assert not is_dead("")
    with process(tmp_path, "serve") as child:
        theirs = f"{host}:{child.pid}:{_birth(child.pid)}"
        assert not is_dead(theirs)
        child.kill()
        assert is_dead(theirs)


def _birth(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]

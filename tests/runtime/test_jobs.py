"""Jobs: progress, watching, stopping, failing, and one place for those that wait for one another."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select, insert, select, update

from assay.kernel.errors import AssayError, Cancelled, Conflict, Forbidden, Internal, Invalid, NotFound
from assay.kernel.jobs import Job
from assay.kernel.values import now
from assay.ports.store import Change, Row
from assay.runtime._tables import jobs
from trial.house import ADMIN, VIEWER, Trial, open_trial, until
from trial.notes._store import notes
from trial.notes.model import Copied

pytestmark = pytest.mark.anyio


async def ended(trial: Trial, job: Job) -> Job:
    """Follow a job to its end."""
    async with asyncio.timeout(30):
        async for seen in trial.house.follow(job):
            job = seen
    return job


async def running(trial: Trial, job: Job) -> None:
    """Wait until a job has begun."""

    async def begun() -> bool:
        return (await trial.ask("jobs.get", id=job.id)).done > 0

    await until(begun)


async def test_a_job_answers_at_once_and_later_with_its_result(trial: Trial) -> None:
    job = await trial.ask("notes.copy", name="n", count=3)
    assert (job.state, job.ended, job.caller) == ("queued", False, "user:ada")
    done = await ended(trial, job)
    assert (done.state, done.result, done.done, done.total, done.step) == ("done", {"count": 3}, 3, 3, "Done")
    assert done.started_at is not None and done.ended_at is not None and done.ended_at >= done.started_at
    assert trial.house.result(done) == Copied(count=3)


async def test_watching_a_job_shows_every_step_and_its_end(trial: Trial) -> None:
    job = await trial.ask("notes.copy", name="n", count=4, seconds=0.05)
    steps: list[tuple[str, int]] = []
    async for seen in trial.house.stream("jobs.events", {"id": job.id}, caller=ADMIN):
        steps.append((seen.state, seen.done))
    assert steps[-1] == ("done", 4)
    assert [done for state, done in steps if state == "running"] == sorted(
        done for state, done in steps if state == "running"
    )
    assert len([done for state, done in steps if state == "running"]) >= 3


async def test_a_job_that_ends_while_it_is_looked_at_has_not_gone_back_to_its_start(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await trial.ask("notes.copy", name="n", count=3, seconds=0.02)
    await running(trial, job)
    read = trial.store.rows

    async def late(query: Select[Any]) -> list[Row]:
        rows = await read(query)
        monkeypatch.setattr(trial.store, "rows", read)
        await ended(trial, job)
        return rows

    monkeypatch.setattr(trial.store, "rows", late)
    seen = await trial.house.desk.jobs.find(job.id)
    assert seen is not None and seen["state"] == "running" and seen["done"] > 0


async def test_watching_an_ended_job_shows_its_end_once(trial: Trial) -> None:
    job = await ended(trial, await trial.ask("notes.copy", name="n", count=0))
    seen = [item.state async for item in trial.house.stream("jobs.events", {"id": job.id}, caller=ADMIN)]
    assert seen == ["done"]


async def test_a_running_job_is_stopped_and_what_it_committed_stays(trial: Trial) -> None:
    job = await trial.ask("notes.copy", name="n", count=1000, seconds=0.02)
    await running(trial, job)
    stopped = await trial.ask("jobs.cancel", id=job.id)
    assert (stopped.state, stopped.error["code"]) == ("cancelled", "CANCELLED")
    assert 0 < len(await trial.rows(select(notes))) < 1000
    with pytest.raises(Cancelled):
        trial.house.result(stopped)
    with pytest.raises(Conflict):
        await trial.ask("jobs.cancel", id=job.id)


async def test_a_queued_job_is_stopped_before_it_starts(tmp_path: Path) -> None:
    async with open_trial(tmp_path, jobs_at_once=1) as trial:
        first = await trial.ask("notes.copy", name="a", count=1000, seconds=0.02)
        await running(trial, first)
        second = await trial.ask("notes.copy", name="b", count=1)
        stopped = await trial.ask("jobs.cancel", id=second.id)
        assert (stopped.state, stopped.started_at) == ("cancelled", None)
        await trial.ask("jobs.cancel", id=first.id)
        assert await trial.rows(select(notes).where(notes.c.id == "b-0")) == []


@pytest.mark.parametrize(("words", "code"), [("invalid", "INVALID"), ("boom", "INTERNAL"), ("claim", "INTERNAL")])
async def test_a_job_that_fails_says_why_in_our_shape(trial: Trial, words: str, code: str) -> None:
    job = await ended(trial, await trial.ask("notes.fail", words=words))
    assert job.state == "failed"
    assert job.error is not None
    assert set(job.error) == {"code", "message", "details", "suggestions", "trace_id", "timestamp"}
    assert (job.error["code"], job.error["trace_id"]) == (code, job.trace_id)
    assert "the inside says" not in str(job.error)
    with pytest.raises(Invalid if code == "INVALID" else Internal) as caught:
        trial.house.result(job)
    assert caught.value.trace_id == job.trace_id


async def test_what_a_job_asks_for_is_traced_and_audited_under_its_own_trace(trial: Trial) -> None:
    job = await ended(trial, await trial.ask("notes.copy", name="n", count=2))
    lines = [line for line in await trial.audit(operation="notes.add") if line.trace_id == job.trace_id]
    assert len(lines) == 2


async def test_no_more_jobs_run_at_once_than_the_setting_says(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with open_trial(tmp_path / "home", jobs_at_once=2) as trial:
        asked = {"count": 2, "seconds": 0.05, "log": str(log)}
        started = [await trial.ask("notes.copy", name=f"n{number}", **asked) for number in range(6)]
        assert {(await ended(trial, job)).state for job in started} == {"done"}
    at_once = most = 0
    for line in log.read_text().splitlines():
        at_once += 1 if " begin " in line else -1
        most = max(most, at_once)
    assert most == 2


async def test_jobs_that_wait_for_jobs_of_theirs_leave_them_a_place(tmp_path: Path) -> None:
    async with open_trial(tmp_path, jobs_at_once=1) as trial:
        outer = [await trial.ask("notes.copy_twice", name=f"n{number}", count=1) for number in range(3)]
        assert [(await ended(trial, job)).result for job in outer] == [{"count": 2}] * 3


async def test_stopping_a_job_stops_the_one_it_waits_for(trial: Trial) -> None:
    outer = await trial.ask("notes.copy_twice", name="n", count=1000, seconds=0.02)

    async def inner() -> Job | None:
        page = await trial.ask("jobs.list", state="running")
        return next((job for job in page.items if job.operation == "notes.copy" and job.done), None)

    waited_for = await until(inner)
    assert (await trial.ask("jobs.cancel", id=outer.id)).state == "cancelled"
    assert (await ended(trial, waited_for)).state == "cancelled"


async def test_a_job_that_nobody_started_is_not_found(trial: Trial) -> None:
    for name in ("jobs.get", "jobs.cancel"):
        with pytest.raises(NotFound):
            await trial.ask(name, id="j_nowhere")
    with pytest.raises(NotFound):
        async for _ in trial.house.stream("jobs.events", {"id": "j_nowhere"}, caller=ADMIN):
            pass


async def test_a_caller_of_one_database_sees_their_own_jobs_only(trial: Trial) -> None:
    job = await ended(trial, await trial.ask("notes.copy", name="n", count=0))
    with pytest.raises(NotFound):
        await trial.ask("jobs.get", VIEWER, id=job.id)
    with pytest.raises(Forbidden):
        await trial.ask("jobs.cancel", VIEWER, id=job.id)
    assert (await trial.ask("jobs.list", VIEWER)).items == ()
    assert (await trial.ask("jobs.list", VIEWER)).total == 0
    assert (await trial.ask("jobs.list")).total == 1


async def test_jobs_are_listed_newest_first_page_by_page(trial: Trial) -> None:
    started = [await ended(trial, await trial.ask("notes.copy", name=f"n{n}", count=0)) for n in range(3)]
    page = await trial.ask("jobs.list", limit=2)
    assert [job.id for job in page.items] == [started[2].id, started[1].id]
    rest = await trial.ask("jobs.list", limit=2, cursor=page.next_cursor)
    assert [job.id for job in rest.items] == [started[0].id]
    assert rest.next_cursor is None
    assert (await trial.ask("jobs.list", state="failed")).total == 0
    with pytest.raises(Invalid):
        await trial.ask("jobs.list", cursor="yesterday")


async def test_a_house_that_closes_leaves_jobs_to_be_resumed_or_marks_them(tmp_path: Path) -> None:
    async with open_trial(tmp_path) as trial:
        again = await trial.ask("notes.copy", name="a", count=20, seconds=0.05)
        once = await trial.ask("notes.copy_once", name="b", count=1000, seconds=0.05)
        await running(trial, again)
        await running(trial, once)
    async with open_trial(tmp_path) as trial:
        assert (await trial.ask("jobs.get", id=once.id)).state == "interrupted"
        done = await ended(trial, await trial.ask("jobs.get", id=again.id))
        assert (done.state, done.result) == ("done", {"count": 20})
        assert len(await trial.rows(select(notes).where(notes.c.id.like("a-%")))) == 20


def _row(trial: Trial, operation: str, **changed: object) -> dict[str, object]:
    kept = {"id": "user:ada", "name": "ada", "roles": ["admin"], "scopes": ["*:*"]}
    asked = {"name": "n", "count": 2}
    row = trial.house.desk.jobs.new(operation=operation, asked=asked, caller=kept, trace_id="0" * 32)
    return {**row, **changed}


async def test_a_lease_that_lapsed_elsewhere_is_taken_over(trial: Trial) -> None:
    lapsed = {"state": "running", "holder": "elsewhere:1:1", "lease_until": now() - timedelta(seconds=1), "attempts": 1}
    row = _row(trial, "notes.copy", **lapsed)
    held = _row(trial, "notes.copy", **{**lapsed, "lease_until": now() + timedelta(minutes=5)})
    once = _row(trial, "notes.copy_once", **lapsed)
    tired = _row(trial, "notes.copy", **{**lapsed, "attempts": 3})
    await trial.store.commit([Change(insert(jobs).values(**one)) for one in (row, held, once, tired)])
    await trial.house.desk.jobs.recover()
    assert (await ended(trial, await trial.ask("jobs.get", id=row["id"]))).state == "done"
    marked = await trial.ask("jobs.get", id=once["id"])
    assert (marked.state, marked.error["details"]["cure"]) == ("interrupted", "Start it again.")
    assert (await trial.ask("jobs.get", id=tired["id"])).state == "interrupted"
    assert (await trial.ask("jobs.get", id=held["id"])).state == "running"


async def test_a_job_that_another_process_took_over_is_let_go_here(trial: Trial) -> None:
    job = await trial.ask("notes.copy", name="n", count=1000, seconds=0.02)
    await running(trial, job)
    stolen = (
        update(jobs).where(jobs.c.id == job.id).values(holder="elsewhere:1:1", lease_until=now() + timedelta(hours=1))
    )
    await trial.store.commit([Change(stolen)])

    async def let_go() -> bool:
        return job.id not in trial.house.desk.jobs._running  # its row says that it runs, elsewhere

    await until(let_go)
    assert len(await trial.rows(select(notes))) < 1000
    assert (await trial.ask("jobs.get", id=job.id)).state == "running"


async def test_a_command_that_ends_soon_runs_its_own_jobs_and_not_those_of_others(tmp_path: Path) -> None:
    async with open_trial(tmp_path, background=False) as trial:
        other = _row(trial, "notes.copy_once")
        await trial.store.commit([Change(insert(jobs).values(**other))])
        own = await trial.ask("notes.copy_once", name="own", count=1)
        assert (await ended(trial, own)).state == "done"
        assert (await trial.ask("jobs.get", id=other["id"])).state == "queued"
    async with open_trial(tmp_path) as trial:
        assert (await ended(trial, await trial.ask("jobs.get", id=other["id"]))).state == "done"


async def test_a_store_that_refuses_for_a_while_does_not_end_the_jobs(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assay.adapters.store.sqlite import SqliteStore
    from assay.ports.errors import Unavailable

    real, refusals = SqliteStore.rows, 0

    async def full(self: SqliteStore, query: object) -> object:
        nonlocal refusals
        if "jobs.state = " in str(query) and refusals < 3:
            refusals += 1
            raise Unavailable("the disk is full")
        return await real(self, query)  # type: ignore[arg-type]

    monkeypatch.setattr(SqliteStore, "rows", full)
    job = await trial.ask("notes.copy", name="n", count=1)
    assert (await ended(trial, job)).state == "done"
    assert refusals == 3
    assert trial.house.is_open


async def test_the_error_of_a_job_is_raised_as_what_it_was(trial: Trial) -> None:
    job = await ended(trial, await trial.ask("notes.fail", words="invalid"))
    with pytest.raises(AssayError) as caught:
        trial.house.result(job)
    assert (caught.value.status, caught.value.details["field"]) == (422, "words")

"""Jobs: rows written in the caller's transaction, run here under a lease, resumed or marked after a crash."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, insert, or_, select, update

from assay.ports.errors import AssayError, Cancelled, Conflict, Internal
from assay.ports.store import Change, Row, Store, Unit
from assay.ports.workers import Progress
from assay.runtime._tables import jobs
from assay.runtime.bell import ring
from assay.runtime.telemetry import jobs_running, jobs_total, log

Perform = Callable[[Row, Callable[[Progress], None]], Awaitable[tuple[Any, Unit]]]
"""Does a job's work; returns its result (JSON-able) and the changes to commit with it."""

LEASE = timedelta(seconds=20)
BEAT_S = 4.0
SAVE_PROGRESS_S = 0.5
TRIES = 3
LOOK_S = 1.0
"""How often queued jobs of other processes are looked for."""
ENDED = ("done", "failed", "cancelled", "interrupted")

_log = log(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


def _birth(pid: int) -> str:
    """Start time of a process, in ticks: with the pid it names one process and not a later one."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def holder() -> str:
    """Name this process so that another one on this host can tell whether it still lives."""
    return f"{socket.gethostname()}:{os.getpid()}:{_birth(os.getpid())}"


def is_dead(name: str) -> bool:
    """Whether a holder is a process of this host that has ended."""
    host, pid, birth = [*name.rsplit(":", 2), "", ""][:3]
    return host == socket.gethostname() and pid.isdigit() and _birth(int(pid)) != birth


class Jobs:
    """Starts queued jobs, keeps their leases, tells watchers how far they are."""

    def __init__(self, store: Store, perform: Perform, *, at_once: int, resumes: Callable[[str], bool]) -> None:
        self._store = store
        self._perform = perform
        self._at_once = at_once
        self._resumes = resumes
        self._me = f"{holder()} {secrets.token_hex(4)}"
        self._wake = asyncio.Event()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._progress: dict[str, Progress] = {}
        self._stopped: set[str] = set()
        self._taken: set[str] = set()
        """Jobs that this process has claimed and not yet ended."""
        self._submitted: set[str] = set()
        self._aside: set[str] = set()
        """Jobs that wait for a job of theirs: they hold no place."""
        self._watchers: dict[str, set[asyncio.Event]] = defaultdict(set)

    def new(self, *, operation: str, asked: Mapping[str, Any], caller: Mapping[str, Any], trace_id: str) -> Row:
        """Return the row of a queued job; `submission` makes the change that inserts it."""
        return {
            "id": f"j_{secrets.token_hex(10)}", "operation": operation, "asked": dict(asked), "caller": dict(caller),
            "caller_id": str(caller["id"]), "trace_id": trace_id, "state": "queued", "step": "Waiting to start",
            "done": 0, "total": None, "result": None, "error": None, "cancel": False, "attempts": 0, "holder": None,
            "lease_until": None, "created_at": _now(), "started_at": None, "ended_at": None, "version": 1,
        }  # fmt: skip

    def submission(self, row: Row) -> Change:
        """The change that queues a job; call `wake` once it is committed."""
        self._submitted.add(row["id"])
        return Change(insert(jobs).values(**row))

    def wake(self) -> None:
        """Look for queued jobs now."""
        self._wake.set()

    @contextlib.contextmanager
    def aside(self, id: str | None) -> Generator[None]:
        """Give a job's place to another one while it waits for a job that it asked for."""
        if id is None:
            yield
            return
        self._aside.add(id)
        self.wake()
        try:
            yield
        finally:
            self._aside.discard(id)

    async def find(self, id: str) -> Row | None:
        """Return a job as it is now, with progress that is not yet written down."""
        rows = await self._read(select(jobs).where(jobs.c.id == id))
        return rows[0] if rows else None

    async def _read(self, query: Select[Any]) -> list[Row]:
        # A job that ends while its row is read is forgotten here before the row, still "running", arrives.
        before = dict(self._progress)
        rows = await self._store.rows(query)
        return [_with_progress(row, self._progress.get(row["id"], before.get(row["id"]))) for row in rows]

    async def watch(self, id: str, *, poll_s: float = 1.0) -> AsyncIterator[Row]:
        """Yield a job whenever it changed, and last when it has ended; polls for jobs of other processes."""
        bell = asyncio.Event()
        self._watchers[id].add(bell)
        seen: tuple[Any, ...] | None = None
        try:
            while (row := await self.find(id)) is not None:
                state = (row["state"], row["step"], row["done"], row["total"])
                if state != seen:
                    seen = state
                    yield row
                if row["state"] in ENDED:
                    return
                await ring(bell, poll_s)
                bell.clear()
        finally:
            self._watchers[id].discard(bell)
            if not self._watchers[id]:
                del self._watchers[id]

    def _ring(self, id: str) -> None:
        for bell in self._watchers.get(id, ()):
            bell.set()

    async def cancel(self, id: str) -> None:
        """Ask a job to stop; one that runs in another process stops at its next heartbeat."""
        queued = update(jobs).where(jobs.c.id == id, jobs.c.state == "queued")
        ended = {"state": "cancelled", "ended_at": _now(), "cancel": True, "step": "Stopped before it started"}
        running = update(jobs).where(jobs.c.id == id, jobs.c.state == "running").values(cancel=True)
        bump = {"version": jobs.c.version + 1}
        await self._store.commit([Change(queued.values(**ended, **bump)), Change(running.values(**bump))])
        self._stop(id)
        self._ring(id)

    def _stop(self, id: str) -> None:
        if (task := self._running.get(id)) is not None and id not in self._stopped:
            self._stopped.add(id)
            # A task that is cancelled before its first step never runs, and nobody would end the job.
            asyncio.get_running_loop().call_soon(task.cancel)

    async def run(self, *, of_others: bool = True) -> None:
        """Run queued jobs until cancelled; then stop those that run and leave them to be resumed.

        Args:
            of_others: False runs only what was submitted here, and takes over nothing: a command that ends in a
                second must not begin a server's long work.
        """
        beat = asyncio.create_task(self._heartbeat(of_others), name="jobs-heartbeat")
        try:
            if of_others:
                await self._patiently(self.recover())
            while True:
                await self._patiently(self._start_queued(of_others))
                await ring(self._wake, LOOK_S)
                self._wake.clear()
        finally:
            beat.cancel()
            for task in list(self._running.values()):
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _patiently(self, act: Awaitable[None]) -> None:
        """Do something that is tried again soon: a database that is full or locked for a while ends nothing."""
        try:
            await act
        except AssayError as error:
            _log.error("jobs wait", reason=error.message)

    async def _start_queued(self, of_others: bool) -> None:
        free = self._at_once - (len(self._running) - len(self._aside))
        if free <= 0:
            return
        waiting = select(jobs).where(jobs.c.state == "queued").order_by(jobs.c.created_at, jobs.c.id).limit(free)
        if not of_others:
            waiting = waiting.where(jobs.c.id.in_(sorted(self._submitted)))
        for row in await self._store.rows(waiting):
            await self._start(row)

    async def _start(self, row: Row) -> None:
        id = row["id"]
        claim = update(jobs).where(jobs.c.id == id, jobs.c.state == "queued").values(
            state="running", holder=self._me, lease_until=_now() + LEASE, started_at=_now(),
            attempts=jobs.c.attempts + 1, version=jobs.c.version + 1, step="Starting",
        )  # fmt: skip
        self._taken.add(id)
        try:
            await self._store.commit([Change(claim, expect=1, otherwise=Conflict("taken by another process"))])
        except Conflict:
            self._taken.discard(id)
            return
        except AssayError:
            self._taken.discard(id)
            raise
        self._submitted.discard(id)
        self._running[id] = asyncio.create_task(self._run_one(row), name=f"job-{id}")
        jobs_running.set(len(self._running))

    async def _run_one(self, row: Row) -> None:
        id = row["id"]
        self._ring(id)
        try:
            result, unit = await self._perform(row, lambda progress: self._note(id, progress))
            await self._end(row, "done", unit, result=result)
        except asyncio.CancelledError:
            if id not in self._stopped:  # the house closes: whoever starts next finds the lease, and resumes
                await self._release(row)
                raise
            await self._end(row, "cancelled", (), error=_as_json(Cancelled("Stopped by a person."), row))
        except AssayError as error:
            state = "cancelled" if isinstance(error, Cancelled) else "failed"
            await self._end(row, state, (), error=_as_json(error, row))
        except Exception:
            _log.exception("job failed", job=id, operation=row["operation"], trace_id=row["trace_id"])
            fault = Internal("Something went wrong inside; the log has it under this trace id.")
            await self._end(row, "failed", (), error=_as_json(fault, row))
        finally:
            self._running.pop(id, None)
            self._taken.discard(id)
            self._progress.pop(id, None)
            self._stopped.discard(id)
            jobs_running.set(len(self._running))
            self._ring(id)
            self.wake()

    async def _end(self, row: Row, state: str, unit: Unit, *, result: Any = None, error: Any = None) -> None:
        progress = self._progress.get(row["id"])
        last = {"done": progress.done, "total": progress.total} if progress else {}
        words = {"done": "Done", "failed": "Failed", "cancelled": "Stopped"}[state]
        ending = update(jobs).where(jobs.c.id == row["id"], jobs.c.holder == self._me, jobs.c.state == "running")
        values = {"state": state, "result": result, "error": error, "ended_at": _now(), "step": words, **last}
        change = Change(
            ending.values(**values, lease_until=None, version=jobs.c.version + 1),
            expect=1,
            otherwise=Conflict(f"Job {row['id']} was taken over by another process."),
        )
        try:
            await self._store.commit([*unit, change])
        except AssayError as failed:
            _log.error("job could not be ended", job=row["id"], reason=failed.message)
            if state == "done":
                await self._end(row, "failed", (), error=_as_json(failed, row))
                return
        jobs_total.labels(row["operation"], state).inc()

    async def _release(self, row: Row) -> None:
        again = "queued" if self._resumes(row["operation"]) else "interrupted"
        ended = {"ended_at": _now()} if again == "interrupted" else {}
        back = update(jobs).where(jobs.c.id == row["id"], jobs.c.holder == self._me).values(
            state=again, lease_until=None, holder=None, step="Interrupted: the program stopped", **ended,
            version=jobs.c.version + 1,
        )  # fmt: skip
        with contextlib.suppress(AssayError):
            await self._store.commit([Change(back)])

    def _note(self, id: str, progress: Progress) -> None:
        self._progress[id] = progress
        self._ring(id)

    async def _heartbeat(self, of_others: bool) -> None:
        saved: dict[str, Progress] = {}
        beaten = 0.0
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(SAVE_PROGRESS_S)
            for id, progress in list(self._progress.items()):
                if id in self._running and saved.get(id) != progress:
                    saved[id] = progress
                    step = {"step": progress.step, "done": progress.done, "total": progress.total}
                    self._store.enqueue([Change(update(jobs).where(jobs.c.id == id, self._mine()).values(**step))])
            saved = {id: progress for id, progress in saved.items() if id in self._running}
            if clock() - beaten >= BEAT_S:
                beaten = clock()
                await self._patiently(self._beat(of_others))

    def _mine(self) -> ColumnElement[bool]:
        return and_(jobs.c.holder == self._me, jobs.c.state == "running")

    async def _beat(self, of_others: bool) -> None:
        if self._running:
            self._store.enqueue([Change(update(jobs).where(self._mine()).values(lease_until=_now() + LEASE))])
            stop = or_(jobs.c.cancel.is_(True), jobs.c.holder != self._me)  # asked to, or lost to another process
            here = jobs.c.id.in_(sorted(self._running))
            for row in await self._store.rows(select(jobs.c.id).where(here, jobs.c.state == "running", stop)):
                self._stop(row["id"])
        if of_others:
            await self.recover()

    async def recover(self) -> None:
        """Queue again, or mark as interrupted, what a process that died was running."""
        running = await self._store.rows(select(jobs).where(jobs.c.state == "running"))
        for row in running:
            lapsed = row["lease_until"] is None or row["lease_until"] < _now()
            mine = row["holder"] == self._me
            if row["id"] in self._taken or not (mine or lapsed or is_dead((row["holder"] or "").partition(" ")[0])):
                continue  # it runs, here or elsewhere
            again = self._resumes(row["operation"]) and row["attempts"] < TRIES and not row["cancel"]
            values: dict[str, Any] = {"state": "queued", "step": "Starting again after a crash"}
            if not again:
                stopped = Internal("The program stopped while this job ran.", cure="Start it again.")
                values = {
                    "state": "interrupted",
                    "ended_at": _now(),
                    "step": "Interrupted",
                    "error": _as_json(stopped, row),
                }
            same: ColumnElement[bool] = and_(jobs.c.id == row["id"], jobs.c.version == row["version"])
            values |= {"holder": None, "lease_until": None, "version": jobs.c.version + 1}
            await self._store.commit([Change(update(jobs).where(same, jobs.c.state == "running").values(**values))])
            self._ring(row["id"])
            self.wake()

    async def page(
        self, *, states: tuple[str, ...], caller_id: str | None, before: datetime | None, limit: int
    ) -> list[Row]:
        """Return jobs, newest first."""
        query = select(jobs).order_by(jobs.c.created_at.desc(), jobs.c.id).limit(limit)
        if states:
            query = query.where(or_(*(jobs.c.state == state for state in states)))
        if caller_id is not None:
            query = query.where(jobs.c.caller_id == caller_id)
        if before is not None:
            query = query.where(jobs.c.created_at < before)
        return await self._read(query)


def _with_progress(row: Row, progress: Progress | None) -> Row:
    if progress is None or row["state"] != "running":
        return row
    return {**row, "step": progress.step, "done": progress.done, "total": progress.total}


def _as_json(error: AssayError, row: Row) -> dict[str, Any]:
    return {
        "code": error.code, "message": error.message, "details": dict(error.details),
        "suggestions": error.suggestions, "trace_id": row["trace_id"], "timestamp": _now().isoformat(),
    }  # fmt: skip

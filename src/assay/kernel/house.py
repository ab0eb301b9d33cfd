"""The house: a catalogue, its ports and what runs in the background, opened and closed as one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pydantic import BaseModel

from assay.kernel import call as path
from assay.kernel.caller import Caller, room_caller
from assay.kernel.catalogue import Capability, Catalogue
from assay.kernel.context import Ports
from assay.kernel.desk import Call, Desk, trace_id
from assay.kernel.jobs import Job, job_of
from assay.kernel.own import HOUSE, JOBS, Version
from assay.kernel.policy import SIGN_IN, Policy
from assay.kernel.values import Empty
from assay.ports.deadline import Deadline
from assay.ports.errors import AssayError
from assay.ports.events import Envelope
from assay.ports.gate import Gate, Limiter
from assay.ports.secret import Secret
from assay.runtime.jobs import Jobs
from assay.runtime.outbox import Outbox
from assay.runtime.schedule import Schedule
from assay.runtime.settings import Settings
from assay.runtime.telemetry import log, tracer, watch_loop

Probe = Callable[[], Awaitable[str | None]]
"""Looks at one part; returns None when it is well, else why it is not."""

_log = log(__name__)


@dataclass(frozen=True)
class Part:
    """The health of one part."""

    name: str
    well: bool
    reason: str | None
    took_ms: float


class House:
    """Everything that is installed, and the one way into it.

    Args:
        capabilities: the rooms; the house adds its own two, `jobs` and `house`.
        probes: by name, what `/health?verbose` looks at.
        warmer: starts the processes that work beside this one.
    """

    def __init__(
        self,
        capabilities: Sequence[Capability],
        *,
        ports: Ports,
        gate: Gate,
        limiter: Limiter,
        settings: Settings,
        version: str,
        policies: Sequence[Policy] = (),
        probes: Mapping[str, Probe] | None = None,
        closers: Sequence[Callable[[], Awaitable[None]]] = (),
        warmer: Callable[[House], Awaitable[None]] | None = None,
    ) -> None:
        self.catalogue = Catalogue([*capabilities, JOBS, HOUSE])
        self.settings = settings
        self.version = version
        self._probes = dict(probes or {})
        self._closers = closers
        self._warmer = warmer
        self._tasks: list[asyncio.Task[None]] = []
        self._reactions = {
            f"{room}/{reaction.__name__}": (room, reaction)
            for reactions in self.catalogue.reactions.values()
            for room, reaction in reactions
        }
        named = {
            event: tuple(f"{room}/{reaction.__name__}" for room, reaction in reactions)
            for event, reactions in self.catalogue.reactions.items()
        }
        jobs = Jobs(ports.store, self._perform, at_once=settings.jobs_at_once, resumes=self._resumes)
        outbox = Outbox(ports.store, self._deliver, named)
        rows = [row for capability in capabilities for row in capability.policies]
        own: dict[type, object] = {Catalogue: self.catalogue, Jobs: jobs, Outbox: outbox, Version: Version(version)}
        self.desk = Desk(
            catalogue=self.catalogue,
            ports=replace(ports, more={**ports.more, **own}),
            gate=gate,
            limiter=limiter,
            policies=[*policies, *rows, SIGN_IN, Policy("*", settings.calls_per_minute, settings.calls_burst)],
            jobs=jobs,
            outbox=outbox,
            settings=settings,
        )

    def _resumes(self, name: str) -> bool:
        return self.catalogue.find(name).resumes

    async def _perform(self, row: Mapping[str, Any], report: Any) -> Any:
        return await path.perform(self.desk, row, report)

    async def _deliver(self, reaction: str, envelope: Envelope, caused_by: Mapping[str, Any]) -> None:
        room, react = self._reactions[reaction]
        caller = room_caller(room, frozenset(caused_by["scopes"]))
        with tracer.start_as_current_span(reaction):
            first = self.catalogue.find("house.capabilities")
            this = Call(first, caller, Deadline.after(60), envelope.trace_id)
            await react(envelope, path.context(self.desk, this))

    async def _act(self, name: str) -> None:
        await self.call(name, Empty(), caller=room_caller(name.partition(".")[0]))

    async def open(self, *, background: bool = True) -> None:
        """Start what runs in the background: jobs, events, schedules, the watch on the loop.

        Args:
            background: False for one command: the jobs that it asks for still run, those of others and schedules
                do not.
        """
        jobs = partial(self.desk.jobs.run, of_others=background)
        acts: list[tuple[str, Callable[[], Awaitable[None]]]] = [("jobs", jobs), ("outbox", self.desk.outbox.run)]
        if background:
            every = {s.operation: s.every for capability in self.catalogue.capabilities for s in capability.schedules}
            acts.append(("schedule", Schedule(self.desk.ports.store, self._act, every).run))
            acts.append(("loop", watch_loop))
        for name, act in acts:
            self._tasks.append(asyncio.create_task(_guard(name, act), name=f"house-{name}"))

    async def warm(self) -> None:
        """Start the processes that work beside this one, and from then on take processor time from it."""
        if self._warmer is not None:
            await self._warmer(self)

    @property
    def is_open(self) -> bool:
        """Whether everything that runs in the background still runs."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    async def close(self) -> None:
        """Stop the background, then everything we stand on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for close in (self.desk.ports.workers.close, *self._closers, self.desk.ports.store.close):
            try:
                await close()
            except Exception:  # the others are closed all the same
                _log.exception("closing failed", part=getattr(close, "__qualname__", repr(close)))

    async def call(
        self,
        name: str,
        asked: bytes | Mapping[str, Any] | BaseModel,
        *,
        credential: Secret | None = None,
        caller: Caller | None = None,
        key: str | None = None,
        timeout_s: float | None = None,
    ) -> Any:
        """Ask one operation; see `kernel.call.call`."""
        return await path.call(
            self.desk, name, asked, credential=credential, caller=caller, key=key, timeout_s=timeout_s
        )

    def stream(
        self,
        name: str,
        asked: bytes | Mapping[str, Any] | BaseModel,
        *,
        credential: Secret | None = None,
        caller: Caller | None = None,
    ) -> AsyncIterator[Any]:
        """Ask a stream; see `kernel.call.stream`."""
        return path.stream(self.desk, name, asked, credential=credential, caller=caller)

    async def announce(self, room: str, event: str, aggregate: str, body: Mapping[str, object]) -> None:
        """Tell a fact that no call brought about, as a room: something that it looks after has changed by itself."""
        with tracer.start_as_current_span(event):
            first = self.catalogue.find("house.capabilities")
            ctx = path.context(self.desk, this := Call(first, room_caller(room), Deadline.after(60), trace_id()))
            ctx.announce(event, aggregate, body)
            await path.commit(self.desk, path.unit_of(self.desk, ctx, this), announced=True)

    async def follow(self, job: Job) -> AsyncIterator[Job]:
        """Yield a job that this caller was just given, whenever it changed, until it has ended."""
        async for row in self.desk.jobs.watch(job.id):
            yield job_of(row)

    def result(self, job: Job) -> Any:
        """An ended job's answer; raises the error it ended with."""
        return path.result_of(self.desk, job)

    async def health(self) -> list[Part]:
        """Look at every part."""
        return [await self._look(name, probe) for name, probe in self._probes.items()]

    async def _look(self, name: str, probe: Probe) -> Part:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(2.0):
                reason = await probe()
        except TimeoutError:
            reason = "did not answer in 2 s"
        except AssayError as error:
            reason = error.message
        except Exception as fault:
            _log.exception("probe failed", part=name)
            reason = f"failed: {type(fault).__name__}"
        return Part(name, reason is None, reason, round((time.perf_counter() - began) * 1000, 3))


async def _guard(name: str, act: Callable[[], Awaitable[None]]) -> None:
    try:
        await act()
    except Exception:
        _log.exception("background task ended", task=name)
        raise

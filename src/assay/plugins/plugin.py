"""One plugin's life: started or found listening, asked whether it works, noticed when it ends, started again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Literal, NoReturn

from assay.kernel.values import now
from assay.plugins import sockets
from assay.plugins.journal import Journal
from assay.plugins.pace import World
from assay.plugins.stores.model import Kind
from assay.ports.deadline import Deadline
from assay.ports.errors import AssayError, Cancelled, TimedOut, Unavailable
from assay.ports.loader import Loader, Store
from assay.ports.processes import Command, Process, how_it_ended
from assay.runtime.bell import ring
from assay.runtime.redact import redacted
from assay.runtime.telemetry import log, plugin_restarts_total, plugin_up

PluginState = Literal["starting", "ready", "degraded", "crashed", "stopped", "disabled"]

HUNG_AFTER = 2
"""Verifies without an answer, one right after the other: one alone may be an answer that came late."""
_FIRST_STEP_S, _LONGEST_STEP_S = 0.02, 0.1
_GRACE_S = 0.1
"""A call breaks off a moment before the system says that the process has ended."""
_log = log(__name__)


class Absent(Unavailable):
    """There is nothing yet that could be started or asked."""


class Plugin:
    """One kind of `stores.yaml`.

    Args:
        waits_for: says why it cannot be started yet; None: it can. Raises Absent when it never can.
        changed: told whenever the state, or the reason for it, is another.
    """

    def __init__(
        self, kind: Kind, world: World, waits_for: Callable[[], str | None], changed: Callable[[Plugin], None]
    ) -> None:
        self.kind = kind
        self.state: PluginState = "stopped"
        self.reason: str | None = "it has not been started"
        """Why it is not ready."""
        self.since = now()
        """When it got into its state."""
        self.last_error: str | None = None
        """Why it crashed or was degraded last, even when it is ready again."""
        self.last_error_at: datetime | None = None
        self.restarts = 0
        self.version = ""
        self.latency_ms: float | None = None
        """Of the last Verify."""
        self.ready_after_ms: float | None = None
        """From its last start to the first Verify that it answered."""
        self.address: str | None = None
        """Where it listens, while it is ready or degraded."""
        self.runs = 0
        """How often it got ready: a connection to an earlier process is of no use."""
        self._world, self._waits_for, self._changed = world, waits_for, changed
        self._pace = world.pace
        self._task: asyncio.Task[None] | None = None
        self._process: Process | None = None
        self.journal = Journal(world.logs, kind.name)
        """What it writes, and wrote before this process began."""
        self._doubt = asyncio.Event()
        self._turned = asyncio.Event()
        self._ready_at = self._retry_at = 0.0
        self._is_ours = False
        """Whether we started it, last time: only then is it given up after so many times."""

    @property
    def name(self) -> str:
        """Of its kind, and of its program."""
        return self.kind.name

    @property
    def pid(self) -> int | None:
        """Of its process; None where somebody else started it."""
        return self._process.pid if self._process else None

    @property
    def is_settled(self) -> bool:
        """Whether waiting will not change much: it is ready, or somebody or something has to help."""
        return self.state != "starting" and self._task is not None

    def begin(self) -> None:
        """Look after it from now on; nothing happens while that is done already."""
        if self._task is None or self._task.done():
            self._become("starting", None)
            self._task = asyncio.create_task(self._live(), name=f"plugin {self.name}")

    async def end(self, reason: str) -> None:
        """Stop it, and look after it no longer."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._become("stopped", reason)

    def doubt(self) -> None:
        """Ask it at once whether it works: a call did not."""
        self._doubt.set()

    async def turn(self, within_s: float) -> None:
        """Wait until its state or reason changes, for at most so long."""
        await ring(self._turned, within_s)

    async def noticed(self) -> None:
        """Wait a moment for its end to be noticed, when a call to it just broke off."""
        if self.state == "ready":
            await self.turn(_GRACE_S)

    def trouble(self) -> Unavailable:
        """Say what is the matter, when it is tried again, and how to see its log."""
        left = max(0.0, self._retry_at - time.monotonic())
        alone = self.state == "crashed" and self._task is not None and self._task.done()
        when = f"in {left:.1f} s" if left else "in a moment"
        again = f"It is started again {when}." if self.state == "crashed" and not alone else ""
        if alone:
            starts = self._pace.restarts + 1
            again = f"It is left alone now, after {starts} failed start{'s' if starts > 1 else ''} in a row."
        what = {"starting": "is being started", "ready": "is ready again"}.get(self.state, f"is {self.state}")
        says = f"The plugin {self.name} {what}{': ' if self.reason else ''}{self.reason or ''}."
        cure = f"its log is on the page Plugins, and at /api/v1/plugins/{self.name}/log"
        if alone or self.state == "stopped":
            cure += f"; start it there, or with POST /api/v1/plugins/{self.name}/start"
        return Unavailable(
            f"{says} {again}".strip(), plugin=self.name, state=self.state, retry_in_s=round(left, 1), cure=cure
        )

    async def _live(self) -> None:
        failures = 0
        while True:
            try:
                await self._serve()
            except Absent as error:
                self._become("stopped", error.message)
                await asyncio.sleep(self._pace.look_every_s)
                continue
            except AssayError as error:
                if self._ready_at and time.monotonic() - self._ready_at >= self._pace.stable_s:
                    failures = 0
                reason = error.message.rstrip(".")
            except Exception as fault:  # of ours; the plugin is started again all the same
                _log.exception("looking after a plugin failed", plugin=self.name)
                reason = f"looking after it failed: {type(fault).__name__}"
            failures += 1
            if self._is_ours and failures > self._pace.restarts:
                self._retry_at = 0.0
                self._become("crashed", reason)
                return
            pause = min(self._pace.longest_back_off_s, self._pace.first_back_off_s * 2 ** (failures - 1))
            self._retry_at = time.monotonic() + pause
            self._become("crashed", reason)
            await asyncio.sleep(pause)
            self.restarts += 1
            plugin_restarts_total.labels(self.name).inc()
            self._become("starting", None)

    async def _serve(self) -> NoReturn:
        """Start it or find it listening, and watch it; raises what it ended with, Absent when there is nothing yet."""
        self._ready_at, self._is_ours = 0.0, False
        while (waits := self._waits_for()) is not None:
            self._become("starting", waits)
            await asyncio.sleep(_FIRST_STEP_S)
        url, ours = sockets.local_address(self.kind.url), f"unix://{sockets.place(self._world.sockets, self.name)}"
        if url and not sockets.is_local(url):
            raise Absent(f"{url} is not of this machine, and passwords would go there in the clear")
        if url and await sockets.listens(url):
            await self._follow(url)
        held = sockets.claim(self._world.sockets, self.name)
        if held is None:
            if await sockets.listens(ours):
                await self._follow(ours)
            raise Absent("another process of Assay looks after it, and it does not listen")
        try:
            await self._run(url, ours)
        finally:
            held.release()

    async def _follow(self, address: str) -> NoReturn:
        """Watch one that somebody else started."""
        sockets.refuse_strangers(address)
        loader = self._open(address)
        try:
            try:
                await self._verify(loader)
            except Unavailable as error:
                raise Absent(error.message.rstrip(".")) from None
            await self._watch(loader, address, None)
        finally:
            self.address = None
            await loader.close()

    async def _run(self, url: str, ours: str) -> NoReturn:
        """Start it, and watch it to its end; nothing of it is left then."""
        found = self._world.shelf.find(self.name)
        if found.program is None:
            raise Absent(f"nobody listens at {url}, and {found.says}" if url else found.says)
        path = sockets.vacated(ours)
        began, self._is_ours = time.monotonic(), True
        self._process = process = await self._world.processes.start(
            Command(
                name=self.name, args=(str(found.program), "--socket", str(path)), env=self._world.inherited(),
                stop_within_s=self._pace.stop_within_s, on_lines=self.journal.keep,
            )
        )  # fmt: skip
        ended = asyncio.ensure_future(process.wait())
        loader: Loader | None = None
        try:
            address = await self._appear((ours, url) if url.startswith("unix:") else (ours,), ended, began)
            if address == ours:
                sockets.make_private(address)
            else:
                sockets.refuse_strangers(address)
            loader = self._open(address)
            await self._get_ready(loader, ended, began)
            self.ready_after_ms = round((time.monotonic() - began) * 1e3, 1)
            await self._watch(loader, address, ended)
        except AssayError as error:
            self._become("crashed", error.message.rstrip("."))
            raise
        finally:
            self.address = None
            if loader is not None:
                await loader.close()
            await asyncio.shield(process.stop())
            ended.cancel()
            self._process = None
            sockets.vacated(ours)
            await self.journal.settle()

    async def _appear(self, addresses: tuple[str, ...], ended: asyncio.Future[int], began: float) -> str:
        """Wait until it listens, where it was told to or where its kind says."""
        step = _FIRST_STEP_S
        while True:
            for address in addresses:
                if sockets.is_there(address) and await sockets.listens(address):
                    return address
            await self._step(step, ended, began, "did not listen")
            step = min(_LONGEST_STEP_S, step * 1.05)

    async def _get_ready(self, loader: Loader, ended: asyncio.Future[int], began: float) -> None:
        said, step = "", _FIRST_STEP_S
        while True:
            try:
                await self._verify(loader)
                return
            except (Unavailable, TimedOut, Cancelled) as error:
                said = error.message.rstrip(".")
            await self._step(step, ended, began, said)
            step = min(_LONGEST_STEP_S, step * 1.5)

    async def _step(self, pause: float, ended: asyncio.Future[int], began: float, said: str) -> None:
        """Wait a little; raise Unavailable when it has ended, or took too long."""
        await asyncio.wait({ended}, timeout=pause)
        if ended.done():
            raise Unavailable(f"it ended before it was ready ({how_it_ended(ended.result())}){self._last_words()}")
        if time.monotonic() - began > self._pace.ready_within_s:
            raise Unavailable(f"it was not ready within {self._pace.ready_within_s:g} s: {said}{self._last_words()}")

    async def _watch(self, loader: Loader, address: str, ended: asyncio.Future[int] | None) -> NoReturn:
        """Ask it again and again; raise Unavailable when it has ended, or hangs."""
        self.address, self._ready_at, failed = address, time.monotonic(), 0
        self.runs += 1
        self._become("ready", None)
        if ended is not None:
            ended.add_done_callback(lambda _: self._doubt.set())
        while True:
            await ring(self._doubt, _FIRST_STEP_S if failed else self._pace.verify_every_s)
            self._doubt.clear()
            if ended is not None and ended.done():
                raise Unavailable(f"it ended ({how_it_ended(ended.result())}){self._last_words()}")
            try:
                await self._verify(loader)
                failed = 0
                self._become("ready", None)
            except (Unavailable, TimedOut, Cancelled) as error:
                failed += 1
                reason = error.message.rstrip(".")
                if failed >= HUNG_AFTER:
                    raise Unavailable(f"it is alive but does not work: {reason}") from None
                if ended is not None:
                    await asyncio.wait({ended}, timeout=_GRACE_S)
                if ended is None or not ended.done():
                    self._become("degraded", reason)

    async def _verify(self, loader: Loader) -> None:
        """Ask whether it works, in nobody's name; raises Unavailable, TimedOut or Cancelled when it does not answer.

        What a plugin says of a store that it was told nothing of is no sign of trouble: only that it answers counts.
        """
        began = time.monotonic()
        try:
            said = await loader.verify(Deadline.after(self._pace.verify_within_s))
            self.version = said.version
        except (Unavailable, TimedOut, Cancelled) as error:
            if is_silence(error):
                raise
        except AssayError:
            pass
        self.latency_ms = round((time.monotonic() - began) * 1e3, 2)

    def _open(self, address: str) -> Loader:
        return self._world.loaders.open(address, Store(self.name, self.name, kind_url=address))

    def _last_words(self) -> str:
        said = self._process.log if self._process else ()
        return f"; it last wrote: {redacted(said[-1])[:200]}" if said else ""

    def _become(self, state: PluginState, reason: str | None) -> None:
        if (state, reason) == (self.state, self.reason):
            return
        if state != self.state:
            self.since = now()
        self.state, self.reason = state, reason
        if state in ("crashed", "degraded"):
            self.last_error, self.last_error_at = reason, now()
        plugin_up.labels(self.name).set(state == "ready")
        self._turned.set()
        self._turned = asyncio.Event()
        self._changed(self)


def is_silence(error: AssayError) -> bool:
    """Whether an error means that a plugin did not answer, rather than that it answered with a refusal."""
    return isinstance(error, Unavailable | TimedOut | Cancelled) and error.details.get("grpc") != "FAILED_PRECONDITION"

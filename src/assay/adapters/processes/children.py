"""Starts children in sessions of their own, waits until they are ready, restarts, stops; leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from assay.adapters.processes import launcher
from assay.adapters.processes.output import Output
from assay.adapters.processes.strays import MARK, kill_marked
from assay.ports.errors import Unavailable
from assay.ports.processes import Command, ProcessState, how_it_ended

FIRST_BACK_OFF_S, LONGEST_BACK_OFF_S = 0.1, 10.0
STABLE_S = 60.0
"""A child that was ready for so long has its restarts counted anew."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Child:
    """Implements `ports.processes.Process`."""

    def __init__(self, command: Command) -> None:
        self.mark = secrets.token_hex(8)
        """What tells all that descends from it from all else."""
        self._command = command
        self._state: ProcessState = "starting"
        self._os: asyncio.subprocess.Process | None = None
        self._group: int | None = None
        """Its process group, until everything in it has been killed: later the number may be somebody else's."""
        self._past: list[str] = []
        self._output: Output | None = None
        self._watcher: asyncio.Task[int] | None = None
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Its id while it runs."""
        return self._os.pid if self._os and self._os.returncode is None else None

    @property
    def state(self) -> ProcessState:
        """Where it is in its life."""
        return self._state

    @property
    def log(self) -> Sequence[str]:
        """The last lines of its output, at most 200, those of earlier starts included."""
        return [*self._past, *(self._output.lines if self._output else ())][-200:]

    async def begin(self) -> None:
        """Start it, and from then on watch it; raises Unavailable when it does not get ready."""
        try:
            await self._spawn()
            await self._get_ready()
        except BaseException:
            await self._end("crashed")
            raise
        self._watcher = asyncio.create_task(self._watch(), name=f"watch {self._command.name}")

    async def stop(self) -> None:
        """SIGTERM to its group, wait, SIGKILL; returns when it is gone."""
        self._stopping.set()
        if self._watcher is None:
            await self._end("stopped")
            return
        if self._os and self._os.returncode is None:
            self._signal(signal.SIGTERM)
        done, _ = await asyncio.wait([self._watcher], timeout=self._command.stop_within_s)
        if not done:
            self._signal(signal.SIGKILL)
            await asyncio.wait([self._watcher])

    async def wait(self) -> int:
        """Wait for its end, restarts included; return the exit status (negative: the signal)."""
        if self._watcher is None:
            raise Unavailable(f"{self._command.name} is not running.")
        return await asyncio.shield(self._watcher)

    async def _spawn(self) -> None:
        """Start the program; returns once exec has happened, raises Unavailable when it cannot."""
        self._state = "starting"
        self._past = list(self.log)
        self._output = output = Output(self._command.on_lines)
        told, tells = os.pipe()
        try:
            await self._fork(output.write_end, tells)
            os.close(tells)
            tells = -1
            output.close_write_end()
            failure = await _all_of(told)
        except OSError as error:
            raise Unavailable(f"{self._command.name} cannot be started: {error.strerror}.") from None
        finally:
            for end in (told, tells):
                if end >= 0:
                    os.close(end)
            output.close_write_end()
        if failure:
            raise Unavailable(f"{self._command.name} cannot be started: {failure.decode(errors='replace')}.")

    async def _fork(self, output: int, report: int) -> None:
        command = self._command
        env = {"PATH": os.environ.get("PATH", _PATH), "LANG": os.environ.get("LANG", "C.UTF-8"), **command.env}
        env[MARK] = self.mark
        keep = ",".join(map(str, command.pass_fds))
        starting = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(Path(launcher.__file__))),
                *(str(os.getpid()), str(report), str(command.memory_bytes or 0), keep),
                *map(str, command.args),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=(report, *command.pass_fds),
                env=env,
                cwd=command.cwd,
            )
        )
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            # cut short halfway, it would leave a process that nobody knows
            self._os = await starting
            self._group = self._os.pid
            raise
        self._os = starting.result()
        self._group = self._os.pid

    async def _get_ready(self) -> None:
        """Ask `ready` until it says so; raises Unavailable with the end of the log."""
        command, child = self._command, self._os
        assert child is not None
        until, pause = time.monotonic() + command.ready_within_s, 0.01
        while command.ready is not None:
            left = until - time.monotonic()
            if child.returncode is not None:
                raise Unavailable(
                    self._with_log(f"{command.name} ended ({how_it_ended(child.returncode)}) before it was ready")
                )
            if left <= 0:
                raise Unavailable(self._with_log(f"{command.name} was not ready within {command.ready_within_s:g} s"))
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(left):  # wait_for of Python 3.11 can lose a cancellation
                    if await command.ready():
                        break
            await asyncio.sleep(min(pause, max(0.0, left)))
            pause = min(0.25, pause * 1.5)
        self._state = "ready"

    async def _watch(self) -> int:
        """Wait for the end; answer crashes with starts; return the last exit status."""
        restarts, ready_at = 0, time.monotonic()
        while True:
            assert self._os is not None
            status = await self._os.wait()
            crashed = not self._stopping.is_set() and status != 0
            await self._end("crashed" if crashed else "stopped")
            if not crashed:
                return status
            if time.monotonic() - ready_at >= STABLE_S:
                restarts = 0
            while True:
                if restarts >= self._command.restarts:
                    return status
                back_off = min(LONGEST_BACK_OFF_S, FIRST_BACK_OFF_S * 2**restarts)
                restarts += 1
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(back_off):
                        await self._stopping.wait()
                if self._stopping.is_set():
                    self._state = "stopped"
                    return status
                try:
                    await self._spawn()
                    if not self._stopping.is_set():
                        await self._get_ready()
                except Unavailable as error:
                    await self._end("crashed")
                    self._past.append(error.message.splitlines()[0])
                    continue
                ready_at = time.monotonic()
                break

    async def _end(self, state: ProcessState) -> None:
        """Leave nothing of it: its group and what left that are killed, the process reaped, the pipe closed."""
        self._signal(signal.SIGKILL)
        self._group = None
        if self._os is not None:
            await asyncio.shield(self._os.wait())
            await asyncio.to_thread(kill_marked, self.mark)
        if self._output is not None:
            self._output.close()
        self._state = state

    def _signal(self, which: signal.Signals) -> None:
        if self._group is not None:
            # the group outlives its leader while a member is left
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._group, which)

    def _with_log(self, sentence: str) -> str:
        tail = "\n".join(self.log[-10:])
        return f"{sentence}. The end of its log:\n{tail}" if tail else f"{sentence}, and it wrote nothing."


class Children:
    """Implements `ports.processes.Processes`.

    Children also end when this program is killed. That is tied to the thread that starts them (Linux), so it must be
    one that lives as long as the program: the event loop's.
    """

    def __init__(self) -> None:
        self._children: set[Child] = set()
        self._closed = False

    async def start(self, command: Command) -> Child:
        """Start and wait until ready."""
        if self._closed:
            raise Unavailable(f"{command.name} was not started: Assay is stopping.")
        child = Child(command)
        self._children = {c for c in self._children if c.pid is not None or c.state == "starting"}
        self._children.add(child)
        try:
            await child.begin()
        except BaseException:
            self._children.discard(child)
            raise
        if self._closed:
            await child.stop()
        return child

    async def close(self) -> None:
        """Stop every child, all at once."""
        self._closed = True
        await asyncio.gather(*(child.stop() for child in self._children))
        self._children.clear()


async def _all_of(reading: int) -> bytes:
    """Read a pipe to its end without a thread."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    os.set_blocking(reading, False)
    loop.add_reader(reading, ready.set)
    got = b""
    try:
        while True:
            await ready.wait()
            ready.clear()
            with contextlib.suppress(BlockingIOError):
                piece = os.read(reading, 4_096)
                if not piece:
                    return got
                got += piece
    finally:
        loop.remove_reader(reading)

"""A few worker processes, started when first needed and kept warm, and a bounded pool of threads."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import pickle
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from assay.adapters.workers import frames
from assay.ports.deadline import Deadline
from assay.ports.errors import Internal, TimedOut, Unavailable
from assay.ports.processes import Command, Process, Processes
from assay.ports.workers import Bench, Progress

Result = TypeVar("Result")
log = logging.getLogger(__name__)

STOP_WITHIN_S = 2.0
"""After a cancellation; then the process is killed and replaced."""
START_WITHIN_S = 20.0
WORKER = (sys.executable, "-P", "-m", "assay.main", "worker")


@dataclass(eq=False, slots=True)
class _Worker:
    process: Process
    reader: frames.Reader
    writer: asyncio.StreamWriter

    async def discard(self) -> None:
        """End the process and close the socket."""
        self.writer.close()
        await self.process.stop()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


class WorkerPool:
    """Implements `ports.workers.Workers`.

    Args:
        processes: starts the children.
        command: what runs `child.serve`; `--fd` and the file descriptor's number are put behind it.
        at_most: worker processes; more requests wait.
        threads: threads at most.
        env: environment of the workers, beside PATH and LANG.
        memory_bytes: address space of a worker at most.
    """

    def __init__(
        self,
        processes: Processes,
        command: Sequence[str] = WORKER,
        *,
        at_most: int = 2,
        threads: int = 8,
        env: Mapping[str, str] | None = None,
        memory_bytes: int | None = None,
    ) -> None:
        self._processes, self._command, self._env = processes, tuple(command), dict(env or {})
        self._memory = memory_bytes
        self._slots = asyncio.Semaphore(at_most)
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._settling: set[asyncio.Task[None]] = set()
        self._warming: asyncio.Task[None] | None = None
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="assay")
        self._closed = False

    async def in_process(
        self,
        thinking: Callable[[Bench, Any], Result],
        asked: object,
        *,
        report: Callable[[Progress], None] | None = None,
        deadline: Deadline | None = None,
    ) -> Result:
        """Run a module-level function in a worker process."""
        request = _request(thinking, asked)
        left = None if deadline is None or deadline.at is None else deadline.left()
        try:
            async with asyncio.timeout(left):
                return await self._in_process(request, thinking.__qualname__, report)
        except TimeoutError:
            raise TimedOut("The deadline passed before the work was done.") from None

    async def in_thread(self, thinking: Callable[..., Result], *args: object) -> Result:
        """Run a short synchronous function in a bounded pool of threads."""
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: context.run(thinking, *args))

    def warm(self) -> None:
        """Start a process ahead of the first request, which then need not wait for it; to be called in the loop."""
        self._warming = asyncio.create_task(self._warm(), name="warm a worker")
        self._keep(self._warming)

    async def _warm(self) -> None:
        try:
            worker = await self._start()
        except Unavailable as error:  # whoever needs one tries again, and is told
            log.warning("worker: not warmed: %s", error.message)
            return
        self._all.add(worker)
        self._idle.append(worker)

    async def close(self) -> None:
        """Stop every process; threads end with what they are doing."""
        self._closed = True
        for task in self._settling:
            task.cancel()
        await asyncio.gather(*self._settling, return_exceptions=True)
        await asyncio.gather(*(worker.discard() for worker in self._all))
        self._all.clear()
        self._idle.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _in_process(self, request: bytes, name: str, report: Callable[[Progress], None] | None) -> Any:
        await self._slots.acquire()
        worker: _Worker | None = None
        try:
            worker = await self._take()
            answer = await self._converse(worker, request, report)
        except BaseException:
            # cancelled, or `report` failed: the work still runs, and its slot is taken until it has stopped
            if worker is None:
                self._slots.release()
            else:
                self._keep(asyncio.create_task(self._settle(worker), name=f"stop {name}"))
            raise
        if answer is None:
            raise await self._died(worker, name)
        self._give(worker)
        if isinstance(answer, frames.Done):
            return answer.result
        if isinstance(answer, frames.Raised):
            raise answer.rebuild()
        log.error("worker: %s failed: %s", name, answer.traceback)
        raise Internal(f"The work {name} failed: {answer.kind} at {answer.at}.", kind=answer.kind, at=answer.at)

    async def _take(self) -> _Worker:
        """Return a warm worker that still lives, or start one."""
        if self._warming is not None:  # sooner there than another one
            await asyncio.wait([self._warming])
        if self._closed:
            raise Unavailable("No work is begun any more: Assay is stopping.")
        while self._idle:
            worker = self._idle.pop()
            if worker.process.state == "ready" and not worker.reader.ended:
                return worker
            self._all.discard(worker)
            await worker.discard()
        worker = await self._start()
        self._all.add(worker)
        return worker

    def _give(self, worker: _Worker) -> None:
        self._idle.append(worker)
        self._slots.release()

    async def _start(self) -> _Worker:
        ours, theirs = socket.socketpair()
        try:
            command = Command(
                name="worker",
                args=(*self._command, "--fd", str(theirs.fileno())),
                env=self._env,
                stop_within_s=STOP_WITHIN_S,
                memory_bytes=self._memory,
                pass_fds=(theirs.fileno(),),
            )
            process = await self._processes.start(command)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=ours)
        worker = _Worker(process, frames.Reader(reader), writer)
        try:
            async with asyncio.timeout(START_WITHIN_S):
                hello = await worker.reader.read()
        except BaseException as error:
            await worker.discard()
            if isinstance(error, TimeoutError):
                raise Unavailable(f"A worker process was not ready within {START_WITHIN_S:g} s.") from None
            raise
        if hello is None:
            await worker.discard()
            tail = "\n".join(process.log[-10:])
            raise Unavailable(f"A worker process could not start. The end of its log:\n{tail}")
        return worker

    async def _converse(
        self, worker: _Worker, request: bytes, report: Callable[[Progress], None] | None
    ) -> frames.Done | frames.Raised | frames.Failed | None:
        """Send a request and read until its end; None when the worker died."""
        with contextlib.suppress(ConnectionError):
            worker.writer.write(request)
            await worker.writer.drain()
        while True:
            frame = await worker.reader.read()
            if frame is None or isinstance(frame, frames.Done | frames.Raised | frames.Failed):
                return frame
            if isinstance(frame, frames.Reported) and report is not None:
                report(frame.progress)

    async def _died(self, worker: _Worker, name: str) -> Unavailable:
        self._all.discard(worker)
        try:
            await worker.discard()
            status = await worker.process.wait()
        finally:
            self._slots.release()
        how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        log.error("worker: died (%s) in %s: %s", how, name, "\n".join(worker.process.log[-10:]))
        return Unavailable(f"The worker process died ({how}) during {name}. Try again.", cure="Try again.", how=how)

    async def _settle(self, worker: _Worker) -> None:
        """Tell a worker to stop, and keep it if it does within two seconds; else end it."""
        settled = False
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                settled = await self._converse(worker, frames.encode(frames.Cancel()), None) is not None
        except TimeoutError:
            pass
        finally:
            if settled and not self._closed:
                self._idle.append(worker)
            else:
                self._all.discard(worker)
                await worker.discard()
            self._slots.release()

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)


def _request(thinking: Callable[..., object], asked: object) -> bytes:
    name = f"{thinking.__module__}:{thinking.__qualname__}"
    if "<" in thinking.__qualname__ or thinking.__module__ == "__main__":
        raise Internal(f"{name} is no module-level function, so a worker process cannot find it.")
    try:
        return frames.encode(frames.Ask(name, asked))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise Internal(f"What {name} is asked cannot be sent to a worker process: {error}") from None

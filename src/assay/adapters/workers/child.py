"""The worker process's side: reads a request, runs the function, says how far it is, and ends with its owner."""

from __future__ import annotations

import contextlib
import importlib
import os
import queue
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

from assay.adapters.workers import frames
from assay.ports.databases import Databases
from assay.ports.errors import AssayError, Cancelled
from assay.ports.workers import Bench, Progress

NICENESS = 5
_REPORT_EVERY_S = 0.05


def serve(fd: int, open_databases: Callable[[], Databases]) -> None:
    """Work until the owner closes the socket; then the process ends at once, whatever it is doing.

    Args:
        fd: file descriptor of the inherited socket.
        open_databases: called once, at the first request.
    """
    # The owner answers people and comes first; a sandbox may forbid even that.
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    link = _Link(socket.socket(fileno=fd))
    threading.Thread(target=link.listen, name="assay-worker-orders", daemon=True).start()
    link.send(frames.Ready())
    databases: Databases | None = None
    while True:
        ask = link.next_ask()
        databases = databases or open_databases()
        link.send_last(_run(ask, Bench(databases=databases, report=link.report)))


class _Link:
    """The socket: requests and cancellations come in by a thread, answers go out by any."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._asks: queue.SimpleQueue[frames.Ask] = queue.SimpleQueue()
        self._cancelled = threading.Event()
        self._last: tuple[float, Progress | None] = (0.0, None)
        self._unsent: Progress | None = None

    def listen(self) -> None:
        """Read orders until the owner is gone."""
        while True:
            frame = frames.receive(self._link)
            if frame is None:
                os._exit(0)
            if isinstance(frame, frames.Ask):
                # set here, not where it is taken: a cancellation may follow at once
                self._cancelled.clear()
                self._asks.put(frame)
            elif isinstance(frame, frames.Cancel):
                self._cancelled.set()

    def next_ask(self) -> frames.Ask:
        """Wait for the next request."""
        ask = self._asks.get()
        self._last, self._unsent = (0.0, None), None
        return ask

    def report(self, progress: Progress) -> None:
        """Say how far it is; a new step at once, otherwise at most twenty times a second."""
        if self._cancelled.is_set():
            raise Cancelled("The work was stopped.")
        at, said = self._last
        now = time.monotonic()
        if said is not None and said.step == progress.step and now - at < _REPORT_EVERY_S:
            self._unsent = progress
            return
        self._last, self._unsent = (now, progress), None
        self.send(frames.Reported(progress))

    def send(self, frame: frames.Frame) -> None:
        """Send a frame; the process ends when there is nobody to read it."""
        try:
            self._link.sendall(frames.encode(frame))
        except ConnectionError:
            os._exit(0)

    def send_last(self, frame: frames.Frame) -> None:
        """Send the end of a request, and before it the progress that was held back."""
        if self._unsent is not None:
            self.send(frames.Reported(self._unsent))
        try:
            encoded = frames.encode(frame)
        except Exception as error:  # pickle raises anything
            encoded = frames.encode(_failure(error))
        try:
            self._link.sendall(encoded)
        except ConnectionError:
            os._exit(0)


def _run(ask: frames.Ask, bench: Bench) -> frames.Frame:
    try:
        module, _, name = ask.function.partition(":")
        function: Any = reduce(getattr, name.split("."), importlib.import_module(module))
        return frames.Done(function(bench, ask.asked))
    except AssayError as error:
        return frames.Raised(type(error), error.message, dict(error.details))
    except Exception as error:  # any fault of the thinking is an answer, not the end of the worker
        return _failure(error)


def _failure(error: BaseException) -> frames.Failed:
    last = traceback.extract_tb(error.__traceback__)[-1:]
    at = f"{Path(last[0].filename).name}:{last[0].lineno}" if last else ""
    text = "".join(traceback.format_exception(error))
    sys.stderr.write(text)
    return frames.Failed(type(error).__name__, at, text)

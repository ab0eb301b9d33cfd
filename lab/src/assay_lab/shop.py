"""The shop: a PostgreSQL of its own, filled, with a workload; what `assay up --demo` starts and stops."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from assay_lab.filling import DATABASE, SEED, fill, is_filled
from assay_lab.server import Server, ServerError
from assay_lab.workload import Workload, has_run

Progress = Callable[[str, float], None]
"""Called with what is being done, in words, and the share of the whole that is done, 0 to 1."""


class Shop:
    """The demo shop in a folder: `.start()`, then perhaps `.keep_running()`, and at the end `.stop()`."""

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        scale: float = 1.0,
        *,
        rounds: int | None = None,
        seed: int = SEED,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.server = Server(folder, port=port, settings=settings)
        self.scale = scale
        self.seed = seed
        self.rounds = rounds
        self._quiet = threading.Event()
        self._background: threading.Thread | None = None

    @property
    def dsn(self) -> str:
        """The superuser's DSN of the shop's database."""
        return self.server.dsn(DATABASE)

    def start(self, progress: Progress) -> str:
        """Start the server, fill the shop when it is empty, run its workload when it has no history; return the DSN."""
        self._quiet.clear()
        progress("Starting PostgreSQL", 0.0)
        self.server.start()
        if self._quiet.is_set():  # stopped from another thread meanwhile
            self.server.stop()
            raise ServerError("the shop was stopped before it was open")
        if not is_filled(self.server, scale=self.scale, seed=self.seed):
            fill(self.server, scale=self.scale, seed=self.seed, progress=_within(progress, 0.02, 0.72))
        workload = Workload(self.dsn)
        if self.rounds is not None:
            workload.run(self.rounds, _within(progress, 0.72, 1.0))
        elif not has_run(self.dsn):
            workload.run(progress=_within(progress, 0.72, 1.0))
        progress("The shop is open", 1.0)
        return self.dsn

    def keep_running(self) -> None:
        """Go on with the workload, gently, in a thread of its own, until `.stop()`."""
        if self._background is None:
            self._background = threading.Thread(
                target=Workload(self.dsn).keep_running, args=(self._quiet,), name="shop-workload", daemon=True
            )
            self._background.start()

    def stop(self) -> None:
        """End the workload and the server; the data stays in the folder."""
        self._quiet.set()
        if self._background is not None:
            self._background.join(5)
            self._background = None
        self.server.stop()

    def __enter__(self) -> Self:
        self.start(lambda _step, _share: None)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()


def _within(progress: Progress, start: float, end: float) -> Progress:
    def report(step: str, share: float) -> None:
        progress(step, start + (end - start) * share)

    return report

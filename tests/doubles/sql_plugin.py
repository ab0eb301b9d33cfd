"""`atest-store-sql` itself, in a process of its own on a Unix socket; and its stores for servers of tests."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import unquote, urlsplit

import uvloop

from assay.adapters.loaders.loader import GrpcLoaders
from assay.ports.deadline import Deadline
from assay.ports.loader import DataQuery, DataResult, Loader, Store
from assay.ports.secret import Secret

R = TypeVar("R")
TESTS = Path(__file__).parents[1]
EVER = Deadline.after(None)
DRIVERS = {"postgresql": "postgres", "mysql": "mysql", "sqlite": "sqlite"}


class SqlPlugin:
    """Started by `with`; `.address` is where it listens."""

    def __init__(self, *command: str) -> None:
        self._command = command or (sys.executable, "-m", "assay.atest_store_sql")
        # Not in a folder of the tests': a socket's path has at most 107 bytes.
        self._folder = tempfile.TemporaryDirectory(prefix="assay-plugin-")
        self.socket = Path(self._folder.name) / "p.sock"
        self.address = f"unix://{self.socket}"
        self.log = Path(self._folder.name) / "log"

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._command, "--socket", str(self.socket)], stdout=subprocess.PIPE, stderr=log,
                env=os.environ | {"PYTHONPATH": str(TESTS)},
            )  # fmt: skip
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        assert b"running" in said or b"listening" in said, self.log.read_text()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()
            if self.process.stdout is not None:
                self.process.stdout.close()
            self._folder.cleanup()


def store(dsn: str, name: str = "shop", **properties: str) -> Store:
    """The store that means the database of a DSN."""
    parts = urlsplit(dsn)
    said = {"driver": DRIVERS[parts.scheme]}
    if parts.scheme == "sqlite":
        return Store(name, "atest-store-sql", properties={**said, "database": parts.path, **properties})
    return Store(
        name, "atest-store-sql", url=f"{parts.hostname}:{parts.port}", username=unquote(parts.username or ""),
        password=Secret(unquote(parts.password or "")), properties={**said, "database": parts.path[1:], **properties},
    )  # fmt: skip


def over(plugin: SqlPlugin, store: Store, scene: Callable[[Loader], Awaitable[R]]) -> R:
    """Play a scene with a loader of one store, and close it."""

    async def whole() -> R:
        loader = GrpcLoaders().open(plugin.address, store)
        try:
            return await scene(loader)
        finally:
            await loader.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(whole())


def ask(plugin: SqlPlugin, store: Store, sql: str = "", deadline: Deadline = EVER, **more: Any) -> DataResult:
    """Ask one question of one store."""
    return over(plugin, store, lambda loader: loader.query(replace(DataQuery(sql=sql), **more), deadline))


def label(result: DataResult, name: str) -> str:
    """One label of an answer."""
    return {pair.key: pair.value for pair in result.meta.labels}[name]

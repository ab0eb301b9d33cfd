"""A folder of plugins, a file of stores, and a supervisor over real processes."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from assay.adapters.loaders.loader import GrpcLoaders
from assay.adapters.processes.children import Children
from assay.plugins.finding import Shelf
from assay.plugins.pace import Pace, World
from assay.plugins.supervisor import Supervisor
from doubles.troubled import install

QUICK = Pace(verify_every_s=0.2, verify_within_s=0.5, ready_within_s=8, stop_within_s=0.5, longest_back_off_s=0.4)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Plant:
    """A place for plugins, with a short path: that of a socket has at most 107 bytes."""

    folder: Path
    facts: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    @property
    def file(self) -> Path:
        return self.folder / "stores.yaml"

    def plugin(self, name: str, how: str = "well", *more: str) -> Path:
        return install(self.bin, name, how, *more)

    def stores(self, text: str) -> None:
        """Write the file as an editor does: at once."""
        new = self.folder / "new.yaml"
        new.write_text(text)
        new.chmod(0o600)
        new.replace(self.file)

    def supervisor(self, children: Children, pace: Pace = QUICK) -> Supervisor:
        places = self.folder / "run", self.folder / "logs"
        world = World(children, GrpcLoaders(), Shelf(self.bin), *places, os.environ, pace)
        return Supervisor(world, self.file)

    async def announce(self, event: str, aggregate: str, body: Mapping[str, object]) -> None:
        self.facts.append((event, body))

    @asynccontextmanager
    async def running(self, pace: Pace = QUICK, *, serves: bool = True) -> AsyncIterator[Supervisor]:
        children = Children()
        supervisor = self.supervisor(children, pace)
        if serves:
            await supervisor.open(self.announce)
        try:
            yield supervisor
        finally:
            await supervisor.close()
            await children.close()


@pytest.fixture
def plant() -> Iterator[Plant]:
    """A bin folder, a file of stores that is yet to be written, a place for sockets."""
    with tempfile.TemporaryDirectory(prefix="plugins-") as folder:
        it = Plant(Path(folder))
        it.bin.mkdir(mode=0o755)
        yield it


async def until(true: Callable[[], object], within_s: float = 20.0) -> float:
    """Wait until something is so; return how many seconds that took."""
    began = time.monotonic()
    while not (so := true()) or (isinstance(so, Awaitable) and not await so):
        assert time.monotonic() - began < within_s, "it did not come to that"
        await asyncio.sleep(0.01)
    return time.monotonic() - began

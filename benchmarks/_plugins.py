"""What the benchmarks of plugins share: a folder with one plugin, and a supervisor over it."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from assay.adapters.loaders.loader import GrpcLoaders
from assay.adapters.processes.children import Children
from assay.plugins.finding import Shelf
from assay.plugins.pace import Pace, World
from assay.plugins.supervisor import Supervisor
from assay.runtime.telemetry import set_up_logs

NAME = "atest-store-bench"
TESTS = Path(__file__).parents[1] / "tests"


def install(folder: Path, python: str = "") -> Path:
    """Put the program of a plugin, a Python one over grpcio, into a folder.

    Args:
        python: options of the interpreter.
    """
    program = folder / NAME
    paths = f"{TESTS.parent / 'src'}:{TESTS}"
    program.write_text(
        f'#!/bin/sh\nexport PYTHONPATH={paths}\nexec {sys.executable} {python} -m doubles.troubled well "$@"\n'
    )
    program.chmod(0o755)
    return program


@asynccontextmanager
async def supervising(pace: Pace) -> AsyncIterator[tuple[Supervisor, Path]]:
    """Yield a supervisor that serves one store, `one`, of a plugin that is yet to be installed, and the folder."""
    with tempfile.TemporaryDirectory(prefix="plugins-") as name:
        folder = Path(name)
        (folder / "bin").mkdir(mode=0o755)
        (folder / "stores.yaml").write_text(f"stores: [{{name: one, kind: {{name: {NAME}}}}}]\n")
        (folder / "stores.yaml").chmod(0o600)
        children = Children()
        world = World(children, GrpcLoaders(), Shelf(folder / "bin"), folder / "run", folder / "logs", os.environ, pace)
        supervisor = Supervisor(world, folder / "stores.yaml")

        async def announce(event: str, about: str, body: Mapping[str, object]) -> None:
            pass

        set_up_logs("warning", "json")
        await supervisor.open(announce)
        try:
            yield supervisor, folder
        finally:
            await supervisor.close()
            await children.close()


async def until(true: Callable[[], object], within_s: float = 60.0) -> float:
    """Look every millisecond; return how many ms it took."""
    began = time.perf_counter()
    while not true():
        if time.perf_counter() - began > within_s:
            raise TimeoutError
        await asyncio.sleep(0.001)
    return (time.perf_counter() - began) * 1e3

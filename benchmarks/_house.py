"""What the benchmarks of the whole program share: a house in a temporary folder, with a database connected."""

from __future__ import annotations

import operator
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from assay.kernel.house import House
from assay.main import open_house
from assay.ports.secret import Secret
from assay.runtime.settings import Settings


class Desk:
    """A house, the local administrator's token, and a connected source."""

    def __init__(self, house: House, token: Secret, source: str) -> None:
        self.house = house
        self.token = token
        self.source = source

    async def ask(self, name: str, /, **asked: Any) -> Any:
        """Ask an operation; of a job, wait for the result."""
        answer = await self.house.call(name, asked, credential=self.token)
        if self.house.catalogue.find(name).effect != "job":
            return answer
        return self.house.result([seen async for seen in self.house.follow(answer)][-1])


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Desk]:
    """Open a house of its own as a server does, its first worker process started, and connect a database."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        settings = Settings(home=Path(folder) / "home", calls_per_minute=1_000_000, calls_burst=1_000_000)
        async with open_house(settings, background=True) as (house, token):
            await house.desk.ports.workers.in_process(operator.is_, None)
            source = await house.call("sources.connect", {"name": "bench", "dsn": dsn}, credential=token)
            yield Desk(house, token, source.id)

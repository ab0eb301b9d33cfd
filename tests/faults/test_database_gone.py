"""A PostgreSQL that dies while it is worked on: an error at once, nothing left behind, and all works after."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from assay.kernel.house import House
from assay.kernel.jobs import Job
from assay.main import open_house
from assay.ports.errors import AssayError, Unavailable
from assay.ports.secret import Secret
from assay.runtime.settings import Settings
from assay_lab.shop import Shop

pytestmark = pytest.mark.anyio
AT_ONCE_S = 2.0


@pytest.fixture(scope="module")
def doomed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A small shop of this module's own, to be killed and started again."""
    shop = Shop(tmp_path_factory.mktemp("doomed"), scale=0.02, settings={"shared_buffers": "64MB"})
    try:
        shop.start(lambda _step, _share: None)
        yield shop
    finally:
        shop.stop()


def kill(shop: Shop) -> None:
    """Kill -9 the server's first process: the others end with it."""
    first = Path(shop.server.folder / "data" / "postmaster.pid").read_text().splitlines()[0]
    os.kill(int(first), signal.SIGKILL)


def revive(shop: Shop) -> None:
    """Start the server again, on the data as the kill left it."""
    shop.stop()
    shop.start(lambda _step, _share: None)


class Asker:
    """Asks as the local administrator."""

    def __init__(self, house: House, token: Secret) -> None:
        self.house, self.token = house, token

    async def ask(self, name: str, /, **asked: Any) -> Any:
        """Ask, and wait for a job."""
        answer = await self.house.call(name, asked, credential=self.token)
        return await self.end(answer) if isinstance(answer, Job) else answer

    async def end(self, job: Job) -> Any:
        """Wait for a job's end."""
        return self.house.result([seen async for seen in self.house.follow(job)][-1])

    async def killed_during(self, shop: Shop, name: str, step: str, /, **asked: Any) -> tuple[AssayError, float]:
        """Start a job, kill the server once the job says `step`, return its error and how long that took."""
        job = await self.house.call(name, asked, credential=self.token)
        killed = 0.0
        async for seen in self.house.follow(job):
            job = seen
            if not killed and step in seen.step:
                kill(shop)
                killed = time.monotonic()
        assert killed, f"{name} never came to {step!r}: {job.state}, {job.step}"
        took = time.monotonic() - killed
        with pytest.raises(AssayError) as raised:
            self.house.result(job)
        return raised.value, took


def hypothetical(dsn: str) -> int:
    """Hypothetical indexes that a new session sees."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT count(*) FROM hypopg()").fetchone()
        assert row is not None
        return row[0]


async def test_a_server_that_dies_is_an_error_at_once_and_all_works_after(doomed: Shop, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    async with open_house(settings) as (house, token):
        asker = Asker(house, token)
        source = (await asker.ask("sources.connect", name="doomed", dsn=doomed.dsn)).id
        await asker.ask("workload.scan", source=source)
        for name, step, asked in (
            ("workload.scan", "Planning", {"top": 50}),
            ("workload.advise", "", {"seconds": 20}),
        ):
            error, took = await asker.killed_during(doomed, name, step, source=source, **asked)
            assert isinstance(error, Unavailable), error
            assert took < AT_ONCE_S, f"{name} took {took:.1f} s to say so"
            revive(doomed)
            assert hypothetical(doomed.dsn) == 0
            assert (await asker.ask("workload.scan", source=source)).planned > 0
        advice = await asker.ask("workload.advise", source=source, seconds=10)
        fix = next(one for one in advice.recommendations if one.verdict == "assayed" and one.helps)
        kill(doomed)
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await asker.ask("workload.simulate", query_id=fix.helps[0], rec_id=fix.id)
        assert time.monotonic() - began < AT_ONCE_S
        revive(doomed)
        assert (await asker.ask("workload.simulate", query_id=fix.helps[0], rec_id=fix.id)).clean
        assert (await asker.ask("evidence.verify")).whole

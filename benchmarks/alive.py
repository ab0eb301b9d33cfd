"""Whether Assay stays answerable while it thinks: latency of /health while an advice runs.

    python benchmarks/alive.py

A real server on the shop at a tenth of its size; /health is asked 50 times a second over one connection, first with
nothing to do (the bound), then while `workload.advise` searches.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import httpx
import uvloop
from _demo import say
from _house import Desk, connected

from assay.faces.rest.app import build
from assay.faces.rest.serve import serve
from assay_lab.shop import Shop

EVERY_S = 0.02
QUIET_S = 10.0


async def ask_until(base: str, done: asyncio.Event) -> list[float]:
    """Milliseconds of each answer, asked at a steady pace until the event."""
    took: list[float] = []
    async with httpx.AsyncClient(base_url=base) as client:
        while not done.is_set():
            began = time.perf_counter()
            (await client.get("/health")).raise_for_status()
            spent = time.perf_counter() - began
            took.append(spent * 1_000)
            await asyncio.sleep(max(0.0, EVERY_S - spent))
    return took


async def during(base: str, desk: Desk | None) -> list[float]:
    """Ask while an advice runs, or for a quiet while."""
    done = asyncio.Event()
    asking = asyncio.create_task(ask_until(base, done))
    if desk is None:
        await asyncio.sleep(QUIET_S)
    else:
        await desk.ask("workload.advise", source=desk.source, seconds=20)
    done.set()
    return await asking


def percentile(took: list[float], share: float) -> float:
    """The value below which that share lies."""
    return round(sorted(took)[min(len(took) - 1, int(len(took) * share))], 2)


async def measure(dsn: str) -> None:
    """Serve, scan, ask quietly, ask during an advice."""
    async with connected(dsn) as desk:
        ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve(build(desk.house, page=None), "127.0.0.1", 0, on_ready=ready.set_result))
        base = f"http://127.0.0.1:{await ready}"
        await desk.ask("workload.scan", source=desk.source)
        quiet, busy = await during(base, None), await during(base, desk)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
    say(
        "alive", must_p99_ms=50, asked=len(busy), p50_ms=percentile(busy, 0.5), p99_ms=percentile(busy, 0.99),
        worst_ms=round(max(busy), 1), quiet_p50_ms=percentile(quiet, 0.5), quiet_p99_ms=percentile(quiet, 0.99),
    )  # fmt: skip


def main() -> None:
    """Start the shop, and measure."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        shop = Shop(Path(folder) / "shop", scale=0.1)
        try:
            uvloop.run(measure(shop.start(lambda _step, _share: None)))
        finally:
            shop.stop()


if __name__ == "__main__":
    main()

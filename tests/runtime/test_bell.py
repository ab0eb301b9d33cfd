"""A wait that ends by its bell, by its time, or by being cancelled, and never swallows the last."""

from __future__ import annotations

import asyncio

import pytest

from assay.runtime.bell import ring

pytestmark = pytest.mark.anyio


async def test_a_bell_ends_the_wait_before_its_time() -> None:
    bell = asyncio.Event()
    waiting = asyncio.create_task(ring(bell, 60))
    await asyncio.sleep(0)
    bell.set()
    async with asyncio.timeout(1):
        await waiting


async def test_without_a_bell_the_wait_ends_after_its_time() -> None:
    async with asyncio.timeout(1):
        await ring(asyncio.Event(), 0.01)


async def test_a_cancellation_that_comes_together_with_the_bell_is_not_lost() -> None:
    bell = asyncio.Event()

    async def forever() -> None:
        while True:
            await ring(bell, 60)
            bell.clear()

    for _ in range(20):
        running = asyncio.create_task(forever())
        await asyncio.sleep(0)
        bell.set()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(1):
                await running

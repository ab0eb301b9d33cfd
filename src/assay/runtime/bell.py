"""Waiting for a bell or for a while, whichever comes first."""

from __future__ import annotations

import asyncio
import contextlib


async def ring(bell: asyncio.Event, within_s: float) -> None:
    """Return when the bell was rung, or after `within_s` seconds.

    Not `asyncio.wait_for`: before Python 3.12 it swallows a cancellation that comes together with the bell, and a
    house that closes while something wakes it would never end.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await bell.wait()

"""What the plugin asks Assay through: the house that it opens itself, or one that runs elsewhere."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from assay.kernel.errors import AssayError, Unavailable

FIRST_S = 1.0
"""So long the opening waits for the first call, since importing the house takes the machine from answering it."""
AGAIN_S = 5.0
"""After so many seconds it is tried again to open what could not be opened."""

_log = logging.getLogger(__name__)


class Door(Protocol):
    """One way to ask operations."""

    async def ask(self, operation: str, asked: dict[str, Any], *, timeout_s: float | None = None) -> dict[str, Any]:
        """Ask, and return the answer as REST writes it; raises AssayError."""
        ...

    def mark(self, text: str) -> str:
        """Return a mark of a text, the same each time, that tells nothing of it."""
        ...

    async def well(self) -> str | None:
        """Say why questions cannot be answered now; None: they can."""
        ...


Opens = Callable[[], AbstractAsyncContextManager[Door]]


class Doorway:
    """The door from the start of the process on: whoever needs it waits until it is open.

    Args:
        load: imports what opens the door; called in a thread, since that takes seconds.
        tell: is told whether it could be opened, whenever that was tried.
    """

    def __init__(self, load: Callable[[], Opens], tell: Callable[[bool], Awaitable[None]]) -> None:
        self._load, self._tell = load, tell
        self._door: Door | None = None
        self._called, self._settled = asyncio.Event(), asyncio.Event()
        self.fault: str | None = None
        """Why it could not be opened, when it was tried last."""

    async def keep_open(self, drained: asyncio.Event) -> None:
        """Open it, again and again where that fails, and close it when no call needs it any more."""
        stopped, called = asyncio.create_task(drained.wait()), asyncio.create_task(self._called.wait())
        await asyncio.wait([stopped, called], timeout=FIRST_S, return_when=asyncio.FIRST_COMPLETED)
        while not drained.is_set():
            try:
                opens = await asyncio.to_thread(self._load)
                if drained.is_set():
                    return
                async with opens() as self._door:
                    self.fault = None
                    self._settled.set()
                    await self._tell(True)
                    await stopped
            except AssayError as error:
                self.fault = error.message
            except Exception:
                _log.exception("the house cannot be opened")
                self.fault = "The house cannot be opened; the log says why."
            finally:
                self._door = None
                self._settled.set()
            if not drained.is_set():
                await self._tell(False)
                await asyncio.wait([stopped], timeout=AGAIN_S)

    async def door(self) -> Door:
        """Return the door, once it is open; raises Unavailable when it cannot be opened."""
        self._called.set()
        await self._settled.wait()
        if self._door is None:
            raise Unavailable(self.fault or "This process is about to end.")
        return self._door

    async def well(self) -> str | None:
        """Say why questions cannot be answered; None: they can, though the first may have to wait for the opening."""
        self._called.set()
        return self.fault if self._door is None else await self._door.well()

    @property
    def is_open(self) -> bool:
        """Whether questions are answered at once."""
        return self._door is not None

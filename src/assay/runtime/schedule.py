"""What the house does by itself every so often: once, even when several processes share the database."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select, update

from assay.ports.errors import AssayError, Conflict
from assay.ports.store import Change, Store
from assay.runtime._tables import schedules
from assay.runtime.telemetry import log

_log = log(__name__)


class Schedule:
    """Runs named acts when they are due."""

    def __init__(self, store: Store, act: Callable[[str], Awaitable[None]], every: Mapping[str, timedelta]) -> None:
        self._store = store
        self._act = act
        self._every = every

    async def run(self, tick_s: float = 5.0) -> None:
        """Look every `tick_s` seconds until cancelled."""
        await self._enter()
        while True:
            with contextlib.suppress(AssayError):
                await self.run_due()
            await asyncio.sleep(tick_s)

    async def _enter(self) -> None:
        known = {row["name"] for row in await self._store.rows(select(schedules.c.name))}
        for name, every in self._every.items():
            if name not in known:
                first = datetime.now(UTC) + every
                row = insert(schedules).values(name=name, every_s=every.total_seconds(), next_at=first)
                with contextlib.suppress(Conflict):
                    await self._store.commit([Change(row)])

    async def run_due(self) -> None:
        """Run what is due; whoever moves `next_at` first is the one who runs it."""
        now = datetime.now(UTC)
        for row in await self._store.rows(select(schedules).where(schedules.c.next_at <= now)):
            every = self._every.get(row["name"])
            if every is None:
                continue
            mine = update(schedules).where(schedules.c.name == row["name"], schedules.c.next_at == row["next_at"])
            taken = Change(mine.values(next_at=now + every), expect=1, otherwise=Conflict("taken"))
            try:
                await self._store.commit([taken])
            except Conflict:
                continue
            try:
                await self._act(row["name"])
            except Exception:
                _log.exception("scheduled act failed", act=row["name"])

"""Events: written with the changes that they tell of, delivered at least once to every reaction."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, insert, select, update

from assay.ports.errors import AssayError, Conflict
from assay.ports.events import Envelope
from assay.ports.store import Change, Row, Store, Transaction, Unit
from assay.runtime._tables import deliveries, events
from assay.runtime.bell import ring
from assay.runtime.telemetry import events_total, log

Deliver = Callable[[str, Envelope, Mapping[str, Any]], Awaitable[None]]
"""Runs one reaction, named "room/function", for an event, with the caller who caused it."""

TRIES = 8
"""After so many failures a fact counts as delivered, and the log says which reaction did not take it."""
BATCH = 100
_log = log(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class Outbox:
    """Takes announcements into a unit of work, and hands committed ones out."""

    def __init__(self, store: Store, deliver: Deliver, reactions: Mapping[str, Sequence[str]]) -> None:
        self._store = store
        self._deliver = deliver
        self._reactions = reactions
        self._wake = asyncio.Event()
        self._listeners: set[asyncio.Queue[Envelope]] = set()
        self._told = 0
        """Number of the last event that listeners heard of."""

    def announcement(
        self, event: str, aggregate: str, body: Mapping[str, object], *, caller: Mapping[str, Any], trace_id: str
    ) -> Callable[[Transaction], None]:
        """Return the late change that writes an event with the next number of its aggregate."""
        values: dict[str, Any] = {
            "id": f"ev_{secrets.token_hex(10)}", "event": event, "aggregate": aggregate, "body": dict(body),
            "caller": dict(caller), "trace_id": trace_id, "at": _now(), "attempts": 0,
        }  # fmt: skip

        def write(transaction: Transaction) -> None:
            last = transaction.rows(
                select(func.max(events.c.sequence).label("n")).where(events.c.aggregate == aggregate)
            )
            transaction.run(insert(events).values(**values, sequence=(last[0]["n"] or 0) + 1))

        return write

    def wake(self) -> None:
        """Look for undelivered events now."""
        self._wake.set()

    async def listen(self) -> AsyncIterator[Envelope]:
        """Yield events that any process announces, in order, from now on; a slow listener loses the oldest."""
        queue: asyncio.Queue[Envelope] = asyncio.Queue(maxsize=256)
        if not self._listeners:
            self._told = await self._last()
        self._listeners.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            try:
                await self._tell()
                while await self._deliver_some():
                    pass
            except AssayError as error:
                _log.error("outbox waits", reason=error.message)
            await ring(self._wake, 2.0)
            self._wake.clear()

    async def _deliver_some(self) -> bool:
        rows = await self._store.rows(_due(_now()))
        stuck: set[str] = set()
        for row in rows:
            # What follows a fact waits until that one is delivered: order holds within an aggregate.
            if row["aggregate"] not in stuck and not await self._deliver_one(row):
                stuck.add(row["aggregate"])
        return len(rows) == BATCH

    async def _deliver_one(self, row: Row) -> bool:
        envelope = _envelope(row)
        had = await self._store.rows(select(deliveries.c.reaction).where(deliveries.c.event_id == row["id"]))
        had_names = {delivery["reaction"] for delivery in had}
        failed = False
        for reaction in self._reactions.get(row["event"], ()):
            if reaction in had_names:
                continue
            try:
                await self._deliver(reaction, envelope, row["caller"])
                done = insert(deliveries).values(event_id=row["id"], reaction=reaction, at=_now())
                with contextlib.suppress(Conflict):  # another process delivered it meanwhile
                    await self._store.commit([Change(done)])
                events_total.labels(row["event"], "delivered").inc()
            except Exception:
                failed = True
                events_total.labels(row["event"], "failed").inc()
                _log.exception("reaction failed", reaction=reaction, fact=row["event"], id=row["id"])
        await self._store.commit(self._mark(row, failed))
        return not failed

    def _mark(self, row: Row, failed: bool) -> Unit:
        this = update(events).where(events.c.number == row["number"])
        attempts = row["attempts"] + 1
        if failed and attempts < TRIES:
            return [Change(this.values(attempts=attempts, retry_at=_now() + timedelta(seconds=2**attempts)))]
        return [Change(this.values(attempts=attempts, delivered_at=_now()))]

    async def _last(self) -> int:
        return (await self._store.rows(select(func.max(events.c.number).label("n"))))[0]["n"] or 0

    async def _tell(self) -> None:
        """Hand new facts, of whichever process, to those who listen here."""
        while self._listeners:
            after = select(events).where(events.c.number > self._told).order_by(events.c.number).limit(BATCH)
            rows = await self._store.rows(after)
            for row in rows:
                self._told = row["number"]
                for queue in self._listeners:
                    if queue.full():
                        queue.get_nowait()
                    queue.put_nowait(_envelope(row))
            if len(rows) < BATCH:
                return


def _due(at: datetime) -> Select[Any]:
    """Undelivered events that wait for no other try, neither of themselves nor of one before them."""
    before = events.alias("before")
    waits = select(before.c.number).where(
        before.c.aggregate == events.c.aggregate,
        before.c.delivered_at.is_(None),
        before.c.retry_at > at,
        before.c.number <= events.c.number,
    )
    due = select(events).where(events.c.delivered_at.is_(None), ~waits.exists())
    return due.order_by(events.c.number).limit(BATCH)


def _envelope(row: Row) -> Envelope:
    return Envelope(
        id=row["id"], event=row["event"], aggregate=row["aggregate"], sequence=row["sequence"],
        caller=row["caller"]["id"], at=row["at"], body=row["body"], trace_id=row["trace_id"],
    )  # fmt: skip

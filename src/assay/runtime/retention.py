"""Old rows go, in small steps, so that the writer is never held for long."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Table, delete, func, select

from assay.ports.store import Change, Store

STEP = 5_000


async def sweep(store: Store, table: Table, column: str, days: float, *, at: datetime) -> int:
    """Delete rows whose `column` is older than `days` before `at`; return how many there were."""
    old = table.c[column] < at - timedelta(days=days)
    key = list(table.primary_key.columns)
    removed = 0
    while True:
        some = await store.rows(select(*key).where(old).limit(STEP))
        if not some:
            return removed
        if len(key) == 1:
            chosen = key[0].in_([row[key[0].name] for row in some])
            await store.commit([Change(delete(table).where(chosen, old))])
        else:
            left = (await store.rows(select(func.count().label("n")).select_from(table).where(old)))[0]["n"]
            await store.commit([Change(delete(table).where(old))])
            return removed + left
        removed += len(some)

"""Scans that happen by themselves, and forgetting a database that is gone."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, insert, select, update

from assay.kernel.context import Context
from assay.kernel.operation import Delete, Post, Put, operation
from assay.kernel.values import Empty, Page, Value, now
from assay.ports.errors import AssayError, Conflict, NotFound
from assay.ports.store import Change
from assay.sources.visit import which
from assay.workload._store import OF_A_SOURCE, schedules
from assay.workload.model import ScanSchedule
from assay.workload.questions import FindSchedule, ScheduleScans


class Due(Value):
    """A scan that was due, and how it ended."""

    source: str
    scan: str | None
    error: str | None = None


class Forgotten(Value):
    """A source whose history is gone."""

    source: str


@operation("workload.schedule", effect="write", needs="workload:scan",
           http=Put("/api/v1/sources/{source}/scan-schedule"), errors=[NotFound, Conflict])  # fmt: skip
async def schedule(asked: ScheduleScans, ctx: Context) -> ScanSchedule:
    """Say how often a database is scanned by itself; 0 minutes turns it off."""
    source = await which(ctx, asked.source, "postgresql")
    every = asked.every_minutes
    kept = ScanSchedule(
        source=source["id"], every_minutes=every, next_at=now() + timedelta(minutes=every) if every else None,
        version=asked.version + 1,
    )  # fmt: skip
    rows = await ctx.store.rows(select(schedules.c.version).where(schedules.c.source == source["id"]))
    current = rows[0]["version"] if rows else 0
    stale = Conflict("The schedule has changed since you read it.", field="version", version=current)
    if asked.version == 0 and current == 0:
        ctx.change(Change(insert(schedules).values(**kept.model_dump())))
        return kept
    mine = (schedules.c.source == source["id"], schedules.c.version == asked.version)
    changed = update(schedules).where(*mine).values(**kept.model_dump(exclude={"source"}))
    ctx.change(Change(changed, expect=1, otherwise=stale))
    return kept


@operation("workload.scan_due", effect="write", needs="workload:scan", http=Post("/api/v1/scans:due"), timeout_s=600)
async def scan_due(asked: Empty, ctx: Context) -> Page[Due]:
    """Scan every database whose schedule says so; the house asks this every minute."""
    at = now()
    due = await ctx.store.rows(select(schedules).where(schedules.c.next_at <= at))
    done: list[Due] = []
    for row in due:
        mine = (schedules.c.source == row["source"], schedules.c.next_at == row["next_at"])
        following = update(schedules).where(*mine).values(next_at=at + timedelta(minutes=row["every_minutes"]))
        try:
            await ctx.store.commit([Change(following, expect=1, otherwise=Conflict("taken by another process"))])
            report = await ctx.call("workload.scan", {"source": row["source"]})
            done.append(Due(source=row["source"], scan=report.id))
        except AssayError as error:
            done.append(Due(source=row["source"], scan=None, error=error.message))
    return Page[Due](items=tuple(done), total=len(done))


@operation("workload.forget", effect="write", needs="workload:forget",
           http=Delete("/api/v1/sources/{source}/history"))  # fmt: skip
async def forget(asked: FindSchedule, ctx: Context) -> Forgotten:
    """Forget everything that was recorded of a database; evidence stays in the ledger."""
    ctx.change(*(Change(delete(table).where(table.c.source == asked.source)) for table in OF_A_SOURCE))
    return Forgotten(source=asked.source)

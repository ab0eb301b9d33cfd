"""The house's own operations: its jobs, its catalogue, its health, its audit, its events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import func, or_, select

from assay.kernel._store import audit, remembered
from assay.kernel.catalogue import Capability, Catalogue, Retention, Schedule
from assay.kernel.context import Context
from assay.kernel.jobs import FindJob, Job, ListJobs, WatchJob, job_of
from assay.kernel.operation import Get, Post, operation
from assay.kernel.paging import page_of_rows
from assay.kernel.values import Empty, Instant, Page, Paged, Value, now
from assay.ports.errors import Conflict, Invalid, NotFound
from assay.runtime._tables import deliveries, events, jobs, schedules
from assay.runtime.jobs import Jobs
from assay.runtime.outbox import Outbox
from assay.runtime.retention import sweep


class OperationLine(Value):
    """One operation, as a page or a program needs to know it."""

    name: str
    summary: str
    effect: Literal["read", "write", "stream", "job"]
    needs: str | None
    when: str | None
    method: str
    path: str
    allowed: bool
    """Whether this caller may ask it."""


class CapabilityLine(Value):
    """One room with what can be asked there."""

    name: str
    title: str
    group: str
    operations: tuple[OperationLine, ...]


class Capabilities(Value):
    """Everything that is installed."""

    capabilities: tuple[CapabilityLine, ...]
    version: str


class AuditEntry(Value):
    """One call, as it was written down; secrets were never in it."""

    at: Instant
    caller_id: str
    caller_name: str
    operation: str
    asked: str
    noted: dict[str, Any]
    """What the operation said it decided, and about what; SQL for one."""
    outcome: str
    took_ms: float
    trace_id: str


class ListAudit(Paged):
    """Calls, newest first."""

    operation: str | None = None
    caller: str | None = None
    outcome: str | None = None


class WatchEvents(Value):
    """Which facts to be told of."""

    events: tuple[str, ...] = Field(default=(), max_length=50)
    """Names, "workload.WorkloadScanned"; empty for all."""


class Fact(Value):
    """Something that happened."""

    id: str
    event: str
    aggregate: str
    sequence: int
    body: dict[str, Any]
    at: Instant


class Swept(Value):
    """What the retention removed."""

    removed: dict[str, int]


def _sees_others(ctx: Context) -> bool:
    """Whether a caller may see jobs of others: their answers may tell of any database."""
    return ctx.caller.reaches("database", "*")


async def _row(ctx: Context, id: str) -> Job:
    row = await ctx.port(Jobs).find(id)
    if row is None or not (row["caller_id"] == ctx.caller.id or _sees_others(ctx)):
        raise NotFound(f"There is no job {id}.", field="id")
    return job_of(row)


@operation("jobs.get", effect="read", needs="jobs:read", http=Get("/api/v1/jobs/{id}"), errors=[NotFound],
           when="you started a job and want to know how far it is, or its answer")  # fmt: skip
async def get(asked: FindJob, ctx: Context) -> Job:
    """Say how far a job is, and give its answer or its error once it has ended."""
    return await _row(ctx, asked.id)


@operation("jobs.list", effect="read", needs="jobs:read", http=Get("/api/v1/jobs"), errors=[Invalid],
           when="you want to know what is running or has run")  # fmt: skip
async def list_jobs(asked: ListJobs, ctx: Context) -> Page[Job]:
    """List jobs, newest first; only their own for a caller whose scopes name single databases."""
    states = (asked.state,) if asked.state else ()
    before = _instant(asked.cursor)
    mine = ctx.caller.id if asked.mine or not _sees_others(ctx) else None
    rows = await ctx.port(Jobs).page(states=states, caller_id=mine, before=before, limit=asked.limit + 1)
    count = select(func.count().label("n")).select_from(jobs)
    if states:
        count = count.where(jobs.c.state == states[0])
    if mine:
        count = count.where(jobs.c.caller_id == mine)
    total = (await ctx.store.rows(count))[0]["n"]
    items = tuple(job_of({**row, "result": None}) for row in rows[: asked.limit])
    more = len(rows) > asked.limit
    return Page[Job](items=items, total=total, next_cursor=items[-1].created_at.isoformat() if more else None)


def _instant(cursor: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(cursor) if cursor else None
    except ValueError:
        raise Invalid("cursor: take `next_cursor` of the page before.", field="cursor") from None


@operation("jobs.cancel", effect="write", needs="jobs:cancel", http=Post("/api/v1/jobs/{id}/cancel"),
           errors=[NotFound, Conflict], when="a job should stop")  # fmt: skip
async def cancel(asked: FindJob, ctx: Context) -> Job:
    """Stop a job; what it has committed stays, what it imagined on a server is cleaned."""
    job = await _row(ctx, asked.id)
    if job.ended:
        raise Conflict(f"Job {job.id} has already ended: {job.state}.", state=job.state)
    runner = ctx.port(Jobs)
    await runner.cancel(job.id)
    with contextlib.suppress(TimeoutError):  # a job of another process stops at its next heartbeat
        async with asyncio.timeout(min(10.0, ctx.deadline.left(1e9) / 2)):
            async for row in runner.watch(job.id):
                job = job_of(row)
    return job


@operation("jobs.events", effect="stream", needs="jobs:read", http=Get("/api/v1/jobs/{id}/events"), errors=[NotFound])
async def watch(asked: WatchJob, ctx: Context) -> AsyncIterator[Job]:
    """Follow a job: one item whenever it changed, the last one when it has ended."""
    await _row(ctx, asked.id)
    async for row in ctx.port(Jobs).watch(asked.id):
        yield job_of(row)


@operation("house.capabilities", effect="read", needs="house:read", http=Get("/api/v1/capabilities"),
           when="you want to know what this installation can do")  # fmt: skip
async def capabilities(asked: Empty, ctx: Context) -> Capabilities:
    """List every room and what can be asked there."""
    lines = tuple(
        CapabilityLine(
            name=capability.name, title=capability.title, group=capability.group,
            operations=tuple(
                OperationLine(
                    name=one.name, summary=one.summary, effect=one.effect, needs=one.needs, when=one.when,
                    method=one.http.method, path=one.http.path, allowed=ctx.caller.may(one.needs),
                )
                for one in capability.operations
            ),
        )
        for capability in ctx.port(Catalogue).capabilities
    )  # fmt: skip
    return Capabilities(capabilities=lines, version=ctx.port(Version).text)


class Version:
    """The program's version, bound as a port because only `main` knows the distribution."""

    def __init__(self, text: str) -> None:
        self.text = text


@operation("house.audit", effect="read", needs="house:audit", http=Get("/api/v1/audit"), errors=[Invalid])
async def list_audit(asked: ListAudit, ctx: Context) -> Page[AuditEntry]:
    """List calls, newest first: who asked what, when, and how it ended."""
    query = select(audit)
    for column, wanted in ((audit.c.operation, asked.operation), (audit.c.outcome, asked.outcome)):
        query = query.where(column == wanted) if wanted else query
    if asked.caller:
        query = query.where(or_(audit.c.caller_id == asked.caller, audit.c.caller_name == asked.caller))
    rows, total, cursor = await page_of_rows(ctx.store, query.order_by(audit.c.number.desc()), asked)
    items = tuple(AuditEntry(**{name: row[name] for name in AuditEntry.model_fields}) for row in rows)
    return Page[AuditEntry](items=items, total=total, next_cursor=cursor)


@operation("house.events", effect="stream", needs="house:read", http=Get("/api/v1/events"))
async def facts(asked: WatchEvents, ctx: Context) -> AsyncIterator[Fact]:
    """Be told of facts as rooms announce them, from now on; only of databases within the caller's scopes."""
    async for told in ctx.port(Outbox).listen():
        if asked.events and told.event not in asked.events:
            continue
        source = told.body.get("source")
        if isinstance(source, str) and not ctx.caller.reaches("database", source):
            continue
        yield Fact(
            id=told.id, event=told.event, aggregate=told.aggregate, sequence=told.sequence,
            body=dict(told.body), at=told.at,
        )  # fmt: skip


@operation("house.sweep", effect="write", needs="house:sweep", http=Post("/api/v1/retention:sweep"), timeout_s=600)
async def sweep_tables(asked: Empty, ctx: Context) -> Swept:
    """Remove rows that are older than their table's retention setting; a schedule does this every hour."""
    removed: dict[str, int] = {}
    for rule in (rule for capability in ctx.port(Catalogue).capabilities for rule in capability.retention):
        days = float(getattr(ctx.settings, rule.setting))
        removed[rule.table.name] = await sweep(ctx.store, rule.table, rule.column, days, at=now())
    return Swept(removed=removed)


JOBS = Capability(
    name="jobs", title="Jobs", group="House", package="assay.runtime",
    operations=(get, list_jobs, cancel, watch),
    tables=(jobs, events, deliveries, schedules),
    retention=(
        Retention(jobs, "ended_at", "keep_jobs_days"),
        Retention(events, "delivered_at", "keep_events_days"),
        Retention(deliveries, "at", "keep_events_days"),
    ),
)  # fmt: skip

HOUSE = Capability(
    name="house", title="House", group="House", package="assay.kernel",
    operations=(capabilities, list_audit, facts, sweep_tables),
    tables=(audit, remembered),
    retention=(
        Retention(audit, "at", "keep_audit_days"),
        Retention(remembered, "at", "keep_idempotency_days"),
    ),
    schedules=(Schedule("house.sweep", timedelta(hours=1)),),
)  # fmt: skip

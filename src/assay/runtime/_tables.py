"""The tables of jobs, events and schedules."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text

from assay.ports.tables import Json, UtcDateTime, metadata

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("operation", String(80), nullable=False),
    Column("asked", Json, nullable=False),
    Column("caller", Json, nullable=False),
    Column("caller_id", String(120), nullable=False),
    Column("trace_id", String(32), nullable=False),
    Column("state", String(12), nullable=False),
    Column("step", Text, nullable=False, default=""),
    Column("done", Integer, nullable=False, default=0),
    Column("total", Integer),
    Column("result", Json),
    Column("error", Json),
    Column("cancel", Boolean, nullable=False, default=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("holder", String(120)),
    Column("lease_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("version", Integer, nullable=False, default=1),
    Index("ix_jobs_state", "state", "created_at"),
)

events = Table(
    "events",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("event", String(80), nullable=False),
    Column("aggregate", String(120), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("caller", Json, nullable=False),
    Column("trace_id", String(32), nullable=False),
    Column("body", Json, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("delivered_at", UtcDateTime),
    Column("attempts", Integer, nullable=False, default=0),
    Column("retry_at", UtcDateTime),
    Index("ix_events_aggregate", "aggregate", "sequence", unique=True),
    Index("ix_events_delivered_at", "delivered_at"),
    sqlite_autoincrement=True,  # listeners remember how far they are: a number is never given twice
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("event_id", String(40), primary_key=True),
    Column("reaction", String(160), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)

schedules = Table(
    "schedules",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("every_s", Float, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
)

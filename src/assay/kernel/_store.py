"""The tables of the audit and of remembered answers."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text

from assay.ports.tables import Json, UtcDateTime, metadata

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("caller_id", String(120), nullable=False),
    Column("caller_name", String(120), nullable=False),
    Column("operation", String(80), nullable=False),
    Column("asked", Text, nullable=False),
    Column("noted", Json, nullable=False, server_default="{}"),
    Column("outcome", String(40), nullable=False),
    Column("took_ms", Float, nullable=False),
    Column("trace_id", String(32), nullable=False),
    Index("ix_audit_at", "at"),
)

remembered = Table(
    "remembered",
    metadata,
    Column("caller_id", String(120), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("operation", String(80), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("answer", Json, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_remembered_at", "at"),
)

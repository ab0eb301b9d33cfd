"""The tables of tokens and of what callers have used."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, String, Table

from assay.ports.tables import Json, UtcDateTime, metadata

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("caller_id", String(120), nullable=False),
    Column("name", String(120), nullable=False),
    Column("roles", Json, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Index("ix_tokens_expires_at", "expires_at"),
)

usage = Table(
    "usage",
    metadata,
    Column("key", String(240), primary_key=True),
    Column("full_at", Float, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

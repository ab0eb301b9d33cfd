"""The table of connected databases; credentials lie in it sealed."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, LargeBinary, String, Table, Text

from assay.ports.tables import Json, UtcDateTime, metadata

sources = Table(
    "sources",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("engine", String(20), nullable=False),
    Column("where", String(400), nullable=False),
    Column("account", String(120), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("state", String(10), nullable=False),
    Column("state_reason", Text),
    Column("server_version", String(40)),
    Column("checked_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("allow_powerful_account", Boolean, nullable=False, default=False, server_default="0"),
    Column("private_columns", Json, nullable=False, default=[], server_default="[]"),
)

"""The ledger's tables: entries, their sealed contents beside them, checkpoints, and who writes which chain.

Times of the chains are kept as text in one fixed form, and rows are read raw: what a thief has scribbled into a column
must reach the verification as it is, not stop it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    Text,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from assay.ports.tables import UtcDateTime, metadata

entries = Table(
    "evidence_entries",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("writer", String(16), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("kind", String(80), nullable=False),
    Column("subject", Text, nullable=False),
    Column("claim", Text, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("replayable", Boolean, nullable=False),
    Column("at", String(32), nullable=False),
    Column("valid_until", String(32)),
    Column("digest", String(64), nullable=False),
    Column("before", String(64), nullable=False),
    Column("mac", String(64), nullable=False),
    Column("expired_at", String(32)),
    Column("expired_mac", String(64)),
    Index("ix_evidence_entries_chain", "writer", "sequence", unique=True),
    Index("ix_evidence_entries_kind", "kind", "number"),
    Index("ix_evidence_entries_subject", "subject", "number"),
    Index("ix_evidence_entries_expired_at", "expired_at", "at"),
)

payloads = Table(
    "evidence_payloads",
    metadata,
    Column("number", Integer, ForeignKey(entries.c.number), primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
)

checkpoints = Table(
    "evidence_checkpoints",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("heads", Text, nullable=False),
    Column("before", String(64), nullable=False),
    Column("mac", String(64), nullable=False),
)

writers = Table(
    "evidence_writers",
    metadata,
    Column("writer", String(16), primary_key=True),
    Column("holder", String(160), nullable=False),
    Column("lease_until", UtcDateTime, nullable=False),
)


def raw_entries() -> Select[*tuple[Any, ...]]:
    """Entries with their sealed contents (NULL when there is none), values as the file has them."""
    columns = [type_coerce(column, NullType()).label(column.name) for column in entries.columns]
    sealed = type_coerce(payloads.c.sealed, NullType()).label("sealed")
    return select(*columns, sealed).select_from(entries.outerjoin(payloads, payloads.c.number == entries.c.number))


def raw_checkpoints() -> Select[*tuple[Any, ...]]:
    """Checkpoints, values as the file has them."""
    return select(*(type_coerce(column, NullType()).label(column.name) for column in checkpoints.columns))

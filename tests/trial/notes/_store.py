"""The table of notes, in a MetaData of its own: the product's is checked for drift."""

from __future__ import annotations

from sqlalchemy import Column, Integer, MetaData, String, Table

from assay.ports.tables import UtcDateTime

metadata = MetaData()
notes = Table(
    "notes",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("text", String(200), nullable=False),
    Column("source", String(40)),
    Column("at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
)
heard = Table(
    "notes_heard",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("reaction", String(40), nullable=False),
    Column("event_id", String(40), nullable=False),
    Column("aggregate", String(40), nullable=False),
    Column("sequence", Integer, nullable=False),
)

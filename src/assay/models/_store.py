"""The tables of calls (who asked which model, for what, how it ended, what it cost; never the words) and of keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Float, Index, Integer, LargeBinary, Select, String, Table, case, func, select

from assay.ports.tables import UtcDateTime, metadata

calls = Table(
    "model_calls",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("day", String(10), nullable=False),
    Column("name", String(300), nullable=False),
    Column("model", String(200), nullable=False),
    Column("purpose", String(80), nullable=False),
    Column("caller_id", String(160), nullable=False),
    Column("outcome", String(40), nullable=False),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("counted", Boolean, nullable=False),
    Column("cost_usd", Float),
    Column("took_ms", Float, nullable=False),
    Index("ix_model_calls_day", "day", "name"),
    Index("ix_model_calls_at", "at"),
)

keys = Table(
    "model_keys",
    metadata,
    Column("provider", String(20), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("kept_at", UtcDateTime, nullable=False),
)


def day_of(at: datetime) -> str:
    """The day that a call belongs to, in UTC."""
    return at.date().isoformat()


def spent(day: str) -> Select[*tuple[Any, ...]]:
    """Tokens and dollars of a day, one row."""
    tokens = func.coalesce(func.sum(calls.c.prompt_tokens + calls.c.completion_tokens), 0)
    return select(tokens.label("tokens"), func.coalesce(func.sum(calls.c.cost_usd), 0.0).label("cost_usd")).where(
        calls.c.day == day
    )


def usage(name: str | None) -> Select[*tuple[Any, ...]]:
    """What was used by day, model and purpose, newest first."""
    by = (calls.c.day, calls.c.name, calls.c.purpose)
    query = select(
        *by,
        func.count().label("calls"),
        func.sum(case((calls.c.outcome != "OK", 1), else_=0)).label("failed"),
        func.sum(calls.c.prompt_tokens).label("prompt_tokens"),
        func.sum(calls.c.completion_tokens).label("completion_tokens"),
        func.sum(calls.c.cost_usd).label("cost_usd"),
    )
    query = query.where(calls.c.name == name) if name else query
    return query.group_by(*by).order_by(calls.c.day.desc(), calls.c.name, calls.c.purpose)

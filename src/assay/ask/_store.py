"""The table of answers: what was asked, what was answered, how sure that was, and what people said of it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Boolean, Column, Float, Index, String, Table, Text, func, insert, select, update

from assay.ports.errors import NotFound
from assay.ports.store import Change, Row, Store
from assay.ports.tables import UtcDateTime, metadata

answers = Table(
    "ask_answers",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("source", String(40), nullable=False),
    Column("question", Text, nullable=False),
    Column("sql", Text, nullable=False),
    Column("model", String(120), nullable=False),
    Column("confidence", Float, nullable=False),
    Column("public", Float),
    Column("asked_by", String(120), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("right", Boolean),
    Column("corrected_sql", Text),
    Column("judged_by", String(120)),
    Column("judged_at", UtcDateTime),
    Index("ix_ask_answers_source", "source", "asked_at"),
)


def kept(row: Row) -> Change:
    """Write an answer down."""
    return Change(insert(answers).values(**row))


async def found(store: Store, id: str) -> Row:
    """One answer; raises NotFound."""
    rows = await store.rows(select(answers).where(answers.c.id == id))
    if not rows:
        raise NotFound(f"There is no answer {id!r}; it may have been older than answers are kept.", field="id")
    return rows[0]


def judged(id: str, verdict: Row) -> Change:
    """Write down what somebody says of an answer; the last word counts."""
    return Change(update(answers).where(answers.c.id == id).values(**verdict), expect=1)


async def judgements(store: Store, source: str) -> Sequence[tuple[float, bool]]:
    """Of each judged answer of the engine about a database: the public chance, and whether it was right."""
    known = answers.c.source == source, answers.c.right.is_not(None), answers.c.public.is_not(None)
    rows = await store.rows(select(answers.c.public, answers.c.right).where(*known))
    return [(row["public"], row["right"]) for row in rows]


async def recalled(store: Store, source: str, question: str) -> Row | None:
    """The answer to this very question that somebody called right, or corrected; None where the last word was no."""
    same = answers.c.source == source, func.lower(answers.c.question) == func.lower(question)
    newest = select(answers).where(*same, answers.c.right.is_not(None)).order_by(answers.c.judged_at.desc()).limit(1)
    rows = await store.rows(newest)
    return rows[0] if rows and (rows[0]["right"] or rows[0]["corrected_sql"]) else None

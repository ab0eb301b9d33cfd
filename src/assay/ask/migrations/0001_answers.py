"""Answers, and what people said of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from assay.ports.tables import UtcDateTime

revision = "ask_0001"
down_revision = None
branch_labels = ("ask",)
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "ask_answers",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("sql", sa.Text(), nullable=False),
        sa.Column("model", sa.String(length=120), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("public", sa.Float(), nullable=True),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("right", sa.Boolean(), nullable=True),
        sa.Column("corrected_sql", sa.Text(), nullable=True),
        sa.Column("judged_by", sa.String(length=120), nullable=True),
        sa.Column("judged_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ask_answers")),
    )
    op.create_index("ix_ask_answers_source", "ask_answers", ["source", "asked_at"])

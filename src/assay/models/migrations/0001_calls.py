"""The first table of models: calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from assay.ports.tables import UtcDateTime

revision = "models_0001"
down_revision = None
branch_labels = ("models",)
depends_on = None


def upgrade() -> None:
    """Make the table of calls."""
    op.create_table(
        "model_calls",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("purpose", sa.String(80), nullable=False),
        sa.Column("caller_id", sa.String(160), nullable=False),
        sa.Column("outcome", sa.String(40), nullable=False),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False),
        sa.Column("completion_tokens", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("cost_usd", sa.Float()),
        sa.Column("took_ms", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_model_calls"),
    )
    op.create_index("ix_model_calls_day", "model_calls", ["day", "name"])
    op.create_index("ix_model_calls_at", "model_calls", ["at"])

"""Notes, and what was heard of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from assay.ports.tables import UtcDateTime

revision = "notes_0001"
down_revision = None
branch_labels = ("notes",)
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "notes",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("text", sa.String(200), nullable=False),
        sa.Column("source", sa.String(40)),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_table(
        "notes_heard",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("reaction", sa.String(40), nullable=False),
        sa.Column("event_id", sa.String(40), nullable=False),
        sa.Column("aggregate", sa.String(40), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
    )

"""The ledger's first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from assay.ports.tables import UtcDateTime

revision = "evidence_0001"
down_revision = None
branch_labels = ("evidence",)
depends_on = None


def upgrade() -> None:
    """Make the entries, their contents, the checkpoints and the writers."""
    op.create_table(
        "evidence_entries",
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("writer", sa.String(16), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(80), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("replayable", sa.Boolean(), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("valid_until", sa.String(32)),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("before", sa.String(64), nullable=False),
        sa.Column("mac", sa.String(64), nullable=False),
        sa.Column("expired_at", sa.String(32)),
        sa.Column("expired_mac", sa.String(64)),
        sa.PrimaryKeyConstraint("number", name="pk_evidence_entries"),
    )
    op.create_index("ix_evidence_entries_chain", "evidence_entries", ["writer", "sequence"], unique=True)
    op.create_index("ix_evidence_entries_kind", "evidence_entries", ["kind", "number"])
    op.create_index("ix_evidence_entries_subject", "evidence_entries", ["subject", "number"])
    op.create_index("ix_evidence_entries_expired_at", "evidence_entries", ["expired_at", "at"])
    op.create_table(
        "evidence_payloads",
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["evidence_entries.number"], name="fk_evidence_payloads_number"),
        sa.PrimaryKeyConstraint("number", name="pk_evidence_payloads"),
    )
    op.create_table(
        "evidence_checkpoints",
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("heads", sa.Text(), nullable=False),
        sa.Column("before", sa.String(64), nullable=False),
        sa.Column("mac", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_evidence_checkpoints"),
    )
    op.create_table(
        "evidence_writers",
        sa.Column("writer", sa.String(16), nullable=False),
        sa.Column("holder", sa.String(160), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("writer", name="pk_evidence_writers"),
    )

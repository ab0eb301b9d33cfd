"""What an operation decided stands beside what it was asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from assay.ports.tables import Json

revision = "kernel_0002"
down_revision = "kernel_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of calls before, nothing is known."""
    op.add_column("audit", sa.Column("noted", Json(), nullable=False, server_default="{}"))

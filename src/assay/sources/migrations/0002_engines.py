"""What somebody decided of a connected database: a powerful account by name, columns whose values are private."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from assay.ports.tables import Json

revision = "sources_0002"
down_revision = "sources_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("sources", sa.Column("allow_powerful_account", sa.Boolean(), nullable=False, server_default="0"))
    op.add_column("sources", sa.Column("private_columns", Json(), nullable=False, server_default="[]"))

"""Workload history, findings, advice, simulations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from assay.ports.tables import Json, UtcDateTime

revision = "workload_0001"
down_revision = None
branch_labels = ("workload",)
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "workload_queries",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("fingerprint", sa.String(length=20), nullable=False),
        sa.Column("raw_sql", sa.Text(), nullable=False),
        sa.Column("norm_sql", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("queryids", Json(), nullable=False),
        sa.Column("roles", Json(), nullable=False),
        sa.Column("first_seen", UtcDateTime(), nullable=False),
        sa.Column("last_seen", UtcDateTime(), nullable=False),
        sa.Column("looked_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workload_queries")),
    )
    op.create_index("ix_workload_queries_source", "workload_queries", ["source", "fingerprint"], unique=True)
    op.create_table(
        "workload_loads",
        sa.Column("query_id", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("total_ms", sa.Float(), nullable=False),
        sa.Column("mean_ms", sa.Float(), nullable=False),
        sa.Column("stddev_ms", sa.Float(), nullable=True),
        sa.Column("max_ms", sa.Float(), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("blocks_hit", sa.BigInteger(), nullable=False),
        sa.Column("blocks_read", sa.BigInteger(), nullable=False),
        sa.Column("temp_written", sa.BigInteger(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("query_id", name=op.f("pk_workload_loads")),
    )
    op.create_index(op.f("ix_workload_loads_source"), "workload_loads", ["source"], unique=False)
    op.create_table(
        "workload_points",
        sa.Column("query_id", sa.String(length=20), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("total_ms", sa.Float(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("blocks_hit", sa.BigInteger(), nullable=False),
        sa.Column("blocks_read", sa.BigInteger(), nullable=False),
        sa.Column("temp_written", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("query_id", "at", name=op.f("pk_workload_points")),
    )
    op.create_index("ix_workload_points_source", "workload_points", ["source", "at"], unique=False)
    op.create_table(
        "workload_snapshots",
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("reset_at", UtcDateTime(), nullable=True),
        sa.Column("counters", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_workload_snapshots")),
    )
    op.create_table(
        "workload_scans",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("report", Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workload_scans")),
    )
    op.create_index("ix_workload_scans_source", "workload_scans", ["source", "at"], unique=False)
    op.create_table(
        "workload_plans",
        sa.Column("query_id", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("plan", Json(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("samples", Json(), nullable=False),
        sa.Column("chips", Json(), nullable=False),
        sa.Column("captured_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("query_id", name=op.f("pk_workload_plans")),
    )
    op.create_index(op.f("ix_workload_plans_source"), "workload_plans", ["source"], unique=False)
    op.create_table(
        "workload_findings",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("query_id", sa.String(length=20), nullable=True),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("finding", Json(), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workload_findings")),
    )
    op.create_index(op.f("ix_workload_findings_query_id"), "workload_findings", ["query_id"], unique=False)
    op.create_index(op.f("ix_workload_findings_source"), "workload_findings", ["source"], unique=False)
    op.create_table(
        "workload_recommendations",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("type", sa.String(length=30), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("recommendation", Json(), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workload_recommendations")),
    )
    op.create_index(op.f("ix_workload_recommendations_source"), "workload_recommendations", ["source"], unique=False)
    op.create_table(
        "workload_helped",
        sa.Column("rec_id", sa.String(length=40), nullable=False),
        sa.Column("query_id", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("rec_id", "query_id", name=op.f("pk_workload_helped")),
    )
    op.create_index("ix_workload_helped_query_id", "workload_helped", ["query_id"], unique=False)
    op.create_index(op.f("ix_workload_helped_source"), "workload_helped", ["source"], unique=False)
    op.create_table(
        "workload_advices",
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("advice", Json(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_workload_advices")),
    )
    op.create_table(
        "workload_simulations",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("query_id", sa.String(length=20), nullable=False),
        sa.Column("rec_id", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("simulation", Json(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workload_simulations")),
    )
    op.create_index(op.f("ix_workload_simulations_at"), "workload_simulations", ["at"], unique=False)
    op.create_index(op.f("ix_workload_simulations_query_id"), "workload_simulations", ["query_id"], unique=False)
    op.create_index(op.f("ix_workload_simulations_source"), "workload_simulations", ["source"], unique=False)
    op.create_table(
        "workload_schedules",
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("every_minutes", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_workload_schedules")),
    )

"""The tables of workload history: statements, their load over time, scans, findings, advice, simulations."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, String, Table, Text

from assay.ports.tables import Json, UtcDateTime, metadata

queries = Table(
    "workload_queries",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("source", String(40), nullable=False),
    Column("fingerprint", String(20), nullable=False),
    Column("raw_sql", Text, nullable=False),
    Column("norm_sql", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("queryids", Json, nullable=False),
    Column("roles", Json, nullable=False),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
    Column("looked_at", UtcDateTime),
    Index("ix_workload_queries_source", "source", "fingerprint", unique=True),
)

loads = Table(
    "workload_loads",
    metadata,
    Column("query_id", String(20), primary_key=True),
    Column("source", String(40), nullable=False, index=True),
    Column("calls", BigInteger, nullable=False),
    Column("total_ms", Float, nullable=False),
    Column("mean_ms", Float, nullable=False),
    Column("stddev_ms", Float),
    Column("max_ms", Float),
    Column("rows", BigInteger, nullable=False),
    Column("blocks_hit", BigInteger, nullable=False),
    Column("blocks_read", BigInteger, nullable=False),
    Column("temp_written", BigInteger, nullable=False),
    Column("read_at", UtcDateTime, nullable=False),
)

points = Table(
    "workload_points",
    metadata,
    Column("query_id", String(20), primary_key=True),
    Column("at", UtcDateTime, primary_key=True),
    Column("source", String(40), nullable=False),
    Column("seconds", Float, nullable=False),
    Column("calls", BigInteger, nullable=False),
    Column("total_ms", Float, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("blocks_hit", BigInteger, nullable=False),
    Column("blocks_read", BigInteger, nullable=False),
    Column("temp_written", BigInteger, nullable=False),
    Index("ix_workload_points_source", "source", "at"),
)

snapshots = Table(
    "workload_snapshots",
    metadata,
    Column("source", String(40), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("reset_at", UtcDateTime),
    Column("counters", LargeBinary, nullable=False),
)

scans = Table(
    "workload_scans",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("source", String(40), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("report", Json, nullable=False),
    Index("ix_workload_scans_source", "source", "at"),
)

plans = Table(
    "workload_plans",
    metadata,
    Column("query_id", String(20), primary_key=True),
    Column("source", String(40), nullable=False, index=True),
    Column("plan", Json),
    Column("error", Text),
    Column("samples", Json, nullable=False),
    Column("chips", Json, nullable=False),
    Column("captured_at", UtcDateTime, nullable=False),
)

findings = Table(
    "workload_findings",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("source", String(40), nullable=False, index=True),
    Column("query_id", String(20), index=True),
    Column("severity", Integer, nullable=False),
    Column("finding", Json, nullable=False),
    Column("origin", String(10), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

recommendations = Table(
    "workload_recommendations",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("source", String(40), nullable=False, index=True),
    Column("type", String(30), nullable=False),
    Column("verdict", String(10), nullable=False),
    Column("place", Integer, nullable=False),
    Column("recommendation", Json, nullable=False),
    Column("origin", String(10), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

helped = Table(
    "workload_helped",
    metadata,
    Column("rec_id", String(40), primary_key=True),
    Column("query_id", String(20), primary_key=True),
    Column("source", String(40), nullable=False, index=True),
    Index("ix_workload_helped_query_id", "query_id"),
)

advices = Table(
    "workload_advices",
    metadata,
    Column("source", String(40), primary_key=True),
    Column("advice", Json, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

simulations = Table(
    "workload_simulations",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("query_id", String(20), nullable=False, index=True),
    Column("rec_id", String(40), nullable=False),
    Column("source", String(40), nullable=False, index=True),
    Column("simulation", Json, nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
)

schedules = Table(
    "workload_schedules",
    metadata,
    Column("source", String(40), primary_key=True),
    Column("every_minutes", Integer, nullable=False),
    Column("next_at", UtcDateTime),
    Column("version", Integer, nullable=False),
)

OF_A_SOURCE = (
    queries, loads, points, snapshots, scans, plans, findings, recommendations, helped, advices, simulations, schedules,
)  # fmt: skip
"""Every table of this room has a `source` column: what is forgotten with a source."""

"""A schema made by hand, for tests that need no server."""

from __future__ import annotations

from datetime import UTC, datetime

from assay.sources.model import Column, Schema, Table

AT = datetime(2026, 1, 1, tzinfo=UTC)


def table(name: str, *columns: str, schema: str = "public", rows: float = 1e6) -> Table:
    """Make a table of "name type" columns."""
    made = (column.partition(" ") for column in columns)
    return Table(
        schema_name=schema, name=name, kind="table", rows=rows, bytes=8192, pages=1,
        columns=tuple(Column(name=name, type=kind or "bigint", nullable=True) for name, _, kind in made),
    )  # fmt: skip


SHOP = Schema(
    source="s", search_path=("public",), read_at=AT,
    tables=(
        table("users", "id", "email character varying(80)", "first_name text", "status text",
              "created_at timestamp with time zone", "active boolean"),
        table("orders", "id", "user_id", "order_date date", "status character varying(20)", "total_amount"
            " numeric(10,2)"),
        table("order_items", "id", "order_id", "product_name text", "quantity integer", "price numeric"),
        table("events", "id", "user_id", "event_type text", "event_data jsonb", "created_at timestamp with time zone"),
        table("Odd Table", "Id", "select text", schema="My Schema"),
        table("orders", "id", "note text", schema="archive"),
    ),
)  # fmt: skip

"""What is wrong with the shop, on purpose: each problem with the statements that suffer and what would help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "missing_index", "composite_index", "join_index", "unindexed_expression", "correlated_subquery", "redundant_index",
    "unused_index", "cardinality_skew", "leading_wildcard", "json_containment", "sort_spill",
]  # fmt: skip


@dataclass(frozen=True)
class Planted:
    """One problem, and what should be said of it."""

    kind: Kind
    what: str
    table: str
    columns: tuple[str, ...]
    """Of the table, in the order in which an index would need them."""
    queries: tuple[str, ...]
    """Names of the statements of the workload that suffer; none when it is an index that nobody uses."""
    fix: str
    """What helps: a statement to run, or a way to write the query."""
    index: str | None = None
    """The index that is the problem."""
    imaginable: bool = True
    """Whether hypopg can plan with the fix; False also where the fix is no index."""


PLANTED: tuple[Planted, ...] = (
    Planted(
        "missing_index", "Signing in reads every user to find one address.",
        "users", ("email",), ("user-by-email",), "CREATE INDEX ON users (email)",
    ),
    Planted(
        "missing_index", "A customer's orders are found by reading everybody's.",
        "orders", ("user_id",), ("orders-of-user", "history-of-user"), "CREATE INDEX ON orders (user_id)",
    ),
    Planted(
        "missing_index", "A user's events are found by reading everybody's.",
        "events", ("user_id",), ("events-of-user", "history-of-user"), "CREATE INDEX ON events (user_id, created_at)",
    ),
    Planted(
        "missing_index", "Two weeks of orders are found by reading five years of them.",
        "orders", ("order_date",), ("revenue-by-day", "spent-per-user", "buyers-by-country"),
        "CREATE INDEX ON orders (order_date)",
    ),
    Planted(
        "missing_index", "The few dear orders are found by reading all of them.",
        "orders", ("total_amount",), ("large-orders",), "CREATE INDEX ON orders (total_amount)",
    ),
    Planted(
        "composite_index", "A customer's latest orders of one status: equal, equal, then in order of date.",
        "orders", ("user_id", "status", "order_date"), ("latest-orders-of-user-by-status",),
        "CREATE INDEX ON orders (user_id, status, order_date DESC)",
    ),
    Planted(
        "composite_index", "The newest orders of a rare status are found by reading all orders, and then sorted.",
        "orders", ("status", "order_date"), ("disputed-orders", "completed-orders-with-users"),
        "CREATE INDEX ON orders (status, order_date)",
    ),
    Planted(
        "join_index", "An order's items are found by reading every item ever sold.",
        "order_items", ("order_id",), ("order-with-items", "items-of-order", "spent-per-user", "history-of-user"),
        "CREATE INDEX ON order_items (order_id)",
    ),
    Planted(
        "correlated_subquery", "Orders are counted once for every user that is listed, each time from the start.",
        "orders", ("user_id",), ("order-count-per-user",),
        "LEFT JOIN (SELECT user_id, count(*) FROM orders GROUP BY user_id), or an index on orders (user_id)",
    ),
    Planted(
        "unindexed_expression", "Events of one device are found by opening the JSON of every event.",
        "events", ("(event_data ->> 'device')",), ("events-of-device",),
        "CREATE INDEX ON events ((event_data ->> 'device'), id)",
    ),
    Planted(
        "json_containment", "Events that hold certain facts are found by opening the JSON of every event.",
        "events", ("event_data",), ("events-holding",),
        "CREATE INDEX ON events USING gin (event_data jsonb_path_ops)", imaginable=False,
    ),
    Planted(
        "leading_wildcard", "A word anywhere in a product's name is looked for in every item ever sold.",
        "order_items", ("product_name",), ("items-sold-by-word",),
        "CREATE INDEX ON order_items USING gin (product_name gin_trgm_ops)", imaginable=False,
    ),
    Planted(
        "leading_wildcard", "The end of an address is compared with every user's.",
        "users", ("email",), ("people-by-domain",),
        "CREATE INDEX ON users USING gin (email gin_trgm_ops)", imaginable=False,
    ),
    Planted(
        "cardinality_skew", "A city implies its country, but the planner multiplies their shares as if it did not.",
        "users", ("country", "city"), ("people-of-city",),
        "CREATE STATISTICS users_place ON country, city FROM users, then ANALYZE users", imaginable=False,
    ),
    Planted(
        "cardinality_skew", "A product implies its category, but the planner multiplies their shares as if it did not.",
        "order_items", ("category", "product_name"), ("product-within-category",),
        "CREATE STATISTICS items_product ON category, product_name FROM order_items, then ANALYZE order_items",
        imaginable=False,
    ),
    Planted(
        "sort_spill", "Six weeks of orders are sorted by amount and address, in more memory than a sort may have.",
        "orders", ("total_amount", "shipping_address"), ("orders-ranked",),
        "more work_mem for this statement, or an index in its order", imaginable=False,
    ),
    Planted(
        "redundant_index", "Events have an index on their type, and one on type and date that does all it does.",
        "events", ("event_type",), (), "DROP INDEX CONCURRENTLY events_event_type_idx", "events_event_type_idx", False,
    ),
    Planted(
        "redundant_index", "Users have the same index on their date of arrival twice.",
        "users", ("created_at",), (), "DROP INDEX CONCURRENTLY users_created_at_idx1", "users_created_at_idx1", False,
    ),
    Planted(
        "unused_index", "Nobody looks for users by their last name.",
        "users", ("last_name",), (), "DROP INDEX CONCURRENTLY users_last_name_idx", "users_last_name_idx", False,
    ),
    Planted(
        "unused_index", "Nobody looks for orders by their address.",
        "orders", ("shipping_address",), (), "DROP INDEX CONCURRENTLY orders_shipping_address_idx",
        "orders_shipping_address_idx", False,
    ),
)  # fmt: skip

KEEP: tuple[str, ...] = (
    "products_sku_key", "products_pkey", "users_pkey", "orders_pkey", "order_items_pkey", "events_pkey",
    "events_event_type_created_at_idx", "orders_open_idx",
)  # fmt: skip
"""Indexes that nobody may propose to drop; the first is never scanned, and is a constraint's."""

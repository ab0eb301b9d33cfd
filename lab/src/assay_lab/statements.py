"""What the shop asks its database: each statement with how often and how it is asked; `%s` marks a value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from assay_lab.facts import Draw

Way = Literal["bound", "text", "both"]
"""With parameters of the extended protocol, as drivers do; with the values in the text; or some callers each way."""


@dataclass(frozen=True)
class Statement:
    """One statement of the workload, whatever the values."""

    name: str
    sql: str
    values: Callable[[Draw], tuple[object, ...]]
    calls: int = 1
    """In each round."""
    way: Way = "bound"
    slow: bool = False
    """Meant to be slow: asked rarely while the workload only ticks over."""

    @property
    def text(self) -> str:
        """The statement as pg_stat_statements shows it: `$1`, `$2` for the values."""
        count = iter(range(1, 100))
        return re.sub(r"%s", lambda _: f"${next(count)}", " ".join(self.sql.split())).replace("%%", "%")


SEEDS: tuple[Statement, ...] = (
    Statement(
        "user-by-email",
        "SELECT id, email, first_name, last_name, status FROM users WHERE email = %s",
        lambda d: (d.email(),),
        calls=4, way="both", slow=True,
    ),
    Statement(
        "orders-of-user",
        "SELECT id, order_date, status, total_amount FROM orders WHERE user_id = %s",
        lambda d: (d.customer(),),
        way="both", slow=True,
    ),
    Statement(
        "completed-orders-with-users",
        """SELECT u.first_name, u.last_name, o.id, o.total_amount FROM users u JOIN orders o ON o.user_id = u.id
        WHERE o.status = 'completed' AND o.order_date >= %s ORDER BY o.total_amount DESC LIMIT %s""",
        lambda d: (d.days_ago(14, 40), 50),
        slow=True,
    ),
    Statement(
        "order-count-per-user",
        """SELECT u.id, u.email, (SELECT count(*) FROM orders o WHERE o.user_id = u.id) AS order_count
        FROM users u WHERE u.created_at >= %s ORDER BY u.created_at LIMIT %s""",
        lambda d: (d.days_ago(30, 700), 3),
        slow=True,
    ),
    Statement(
        "latest-orders-of-user-by-status",
        """SELECT id, order_date, total_amount FROM orders
        WHERE user_id = %s AND status = %s ORDER BY order_date DESC LIMIT 10""",
        lambda d: (d.customer(), d.status()),
        way="both", slow=True,
    ),
    Statement(
        "spent-per-user",
        """SELECT u.id, u.email, SUM(oi.quantity * oi.price) AS spent FROM users u
        JOIN orders o ON o.user_id = u.id JOIN order_items oi ON oi.order_id = o.id
        WHERE o.order_date >= %s GROUP BY u.id, u.email ORDER BY spent DESC LIMIT 20""",
        lambda d: (d.days_ago(3, 9),),
        slow=True,
    ),
    Statement(
        "items-sold-by-word",
        "SELECT count(*), sum(quantity), avg(price) FROM order_items WHERE product_name LIKE %s",
        lambda d: (d.pick("%Mouse%", "%Trackball%", "%Card Reader%", "%Graphics Tablet%"),),
        way="text", slow=True,
    ),
    Statement(
        "events-of-device",
        "SELECT id, user_id, created_at FROM events WHERE event_data->>'device' = %s ORDER BY id DESC LIMIT 200",
        lambda d: (d.pick("kiosk", "kiosk", "mobile"),),
        way="text", slow=True,
    ),
    Statement(
        "history-of-user",
        """SELECT u.email, o.id, oi.product_name, e.event_type, e.created_at FROM users u
        JOIN orders o ON o.user_id = u.id JOIN order_items oi ON oi.order_id = o.id
        LEFT JOIN events e ON e.user_id = u.id WHERE u.id = %s LIMIT 500""",
        lambda d: (d.customer(),),
        slow=True,
    ),
    Statement(
        "buyers-by-country",
        """SELECT u.country, COUNT(DISTINCT o.user_id) AS buyers FROM orders o JOIN users u ON u.id = o.user_id
        WHERE o.order_date >= %s AND o.order_date < %s GROUP BY u.country ORDER BY buyers DESC""",
        lambda d: d.span(90, 30),
        slow=True,
    ),
)  # fmt: skip
"""The ten of the contract, bounded where without an index they would run for hours."""

SUFFERING: tuple[Statement, ...] = (
    Statement(
        "items-of-order",
        "SELECT product_name, quantity, price FROM order_items WHERE order_id = %s",
        lambda d: (d.order(),),
        way="both", slow=True,
    ),
    Statement(
        "order-with-items",
        """SELECT o.id, o.status, o.total_amount, oi.product_name, oi.quantity FROM orders o
        JOIN order_items oi ON oi.order_id = o.id WHERE o.id = %s""",
        lambda d: (d.order(),),
        slow=True,
    ),
    Statement(
        "events-of-user",
        "SELECT event_type, event_data, created_at FROM events WHERE user_id = %s ORDER BY created_at DESC LIMIT 50",
        lambda d: (d.customer(),),
        slow=True,
    ),
    Statement(
        "events-holding",
        "SELECT count(*) FROM events WHERE event_data @> %s",
        lambda d: (d.pick('{"device": "mobile"}', '{"device": "kiosk"}', '{"campaign": "spring-sale"}'),),
        way="text", slow=True,
    ),
    Statement(
        "revenue-by-day",
        """SELECT date_trunc('day', order_date) AS day, count(*), sum(total_amount) FROM orders
        WHERE order_date >= %s AND order_date < %s GROUP BY 1 ORDER BY 1""",
        lambda d: d.span(700, 14),
        slow=True,
    ),
    Statement(
        "people-of-city",
        "SELECT id, email, phone FROM users WHERE country = %s AND city = %s AND status = 'active'",
        lambda d: d.pick(("Denmark", "København"), ("Norway", "Tromsø"), ("Austria", "Wien")),
        calls=2, slow=True,
    ),
    Statement(
        "product-within-category",
        "SELECT count(*), sum(quantity * price) FROM order_items WHERE category = %s AND product_name = %s",
        lambda d: d.pick(("Travel", "Wireless Backpack"), ("Network", "Wireless Router"), ("Power", "Wireless UPS")),
        slow=True,
    ),
    Statement(
        "orders-ranked",
        """SELECT id, total_amount, rank() OVER (ORDER BY total_amount DESC, shipping_address) FROM orders
        WHERE order_date >= %s AND order_date < %s OFFSET 20000 LIMIT 10""",
        lambda d: d.span(200, 45),
        slow=True,
    ),
    Statement(
        "people-by-domain",
        "SELECT id, email FROM users WHERE email LIKE %s",
        lambda d: (d.pick("%@university.example", "%.77@example.net"),),
        way="text", slow=True,
    ),
    Statement(
        "large-orders",
        "SELECT id, user_id, total_amount FROM orders WHERE total_amount > %s ORDER BY total_amount DESC LIMIT 25",
        lambda d: (d.pick(4500, 5200, 6000),),
        slow=True,
    ),
    Statement(
        "disputed-orders",
        "SELECT id, user_id, order_date FROM orders WHERE status = 'disputed' ORDER BY order_date DESC LIMIT 20",
        lambda _: (),
        slow=True,
    ),
    Statement(
        "users-without-login",
        "SELECT count(*) FROM users WHERE last_login_at IS NULL AND status = %s",
        lambda d: (d.pick("active", "inactive", "banned"),),
        slow=True,
    ),
)  # fmt: skip
"""What else is slow, each for a reason that `planted.py` names, or for one that no index cures."""

"""Values that really occur in the shop, drawn for the statements of its workload."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

import psycopg

from assay_lab import words
from assay_lab.rows import ENDS

T = TypeVar("T")


@dataclass(frozen=True)
class Facts:
    """What a shop holds, read once."""

    users: int
    orders: int
    events: int
    emails: tuple[str, ...]
    customers: tuple[int, ...]
    """Some who have bought, a few of them much."""


def read_facts(connection: psycopg.Connection) -> Facts:
    """Read what values are drawn from, through primary keys, so that reading it is quick."""
    counts = [
        connection.execute(f"SELECT max(id) FROM {table}").fetchone()  # noqa: S608 - our own names
        for table in ("users", "orders", "events")
    ]
    users, orders, events = (int(row[0]) if row and row[0] else 1 for row in counts)
    sample = Random(7)
    emails = connection.execute(
        "SELECT email FROM users WHERE id = ANY(%s)", ([sample.randint(1, users) for _ in range(60)],)
    ).fetchall()
    customers = connection.execute(
        "SELECT user_id FROM orders WHERE id = ANY(%s)", ([sample.randint(1, orders) for _ in range(60)],)
    ).fetchall()
    return Facts(users, orders, events, tuple(row[0] for row in emails), tuple(row[0] for row in customers))


class Draw:
    """One stream of values: the same seed draws the same ones."""

    def __init__(self, facts: Facts, seed: int) -> None:
        self._facts = facts
        self._random = Random(seed)
        self._products = words.products()

    def pick(self, *values: T) -> T:
        """One of these."""
        return self._random.choice(values)

    def user(self) -> int:
        """Any user."""
        return self._random.randint(1, self._facts.users)

    def customer(self) -> int:
        """A user who has bought, a good customer more likely."""
        return self.pick(*self._facts.customers)

    def email(self) -> str:
        """An address that is somebody's, one time in ten nobody's."""
        return "nobody@example.com" if self._random.random() < 0.1 else self.pick(*self._facts.emails)

    def order(self) -> int:
        """Any order, and by chance any item."""
        return self._random.randint(1, self._facts.orders)

    def recent_order(self) -> int:
        """One of the latest hundredth of orders."""
        return self._random.randint(int(self._facts.orders * 0.99), self._facts.orders)

    def event(self) -> int:
        """Any event."""
        return self._random.randint(1, self._facts.events)

    def product(self) -> int:
        """A product, a best seller more likely."""
        return 1 + int(len(self._products) * self._random.random() ** 2)

    def sold(self) -> tuple[str, str]:
        """A product's name and category."""
        name, category, _ = self._products[self.product() - 1]
        return name, category

    def category(self) -> str:
        """A product's category."""
        return self.sold()[1]

    def status(self) -> str:
        """An order's status."""
        return self.pick("completed", "completed", "cancelled", "refunded")

    def event_type(self) -> str:
        """What kind of thing happened."""
        return self.pick("page_view", "search", "add_to_cart", "checkout", "login")

    def event_data(self) -> str:
        """What a browser or an app reports, as JSON."""
        device = self.pick("android-app", "ios-app", "desktop", "tablet")
        return f'{{"device": "{device}", "ms": {self._random.randint(20, 900)}, "page": "/products/{self.product()}"}}'

    def amount(self) -> str:
        """A price."""
        return f"{self._random.uniform(5, 400):.2f}"

    def address(self) -> str:
        """A street and a number."""
        return f"{self._random.randint(1, 220)} {self.pick(*words.STREETS)}"

    def days_ago(self, least: int, most: int) -> datetime:
        """A moment between so many days before the data's end."""
        return ENDS - timedelta(days=self._random.uniform(least, most))

    def span(self, most: int, days: int) -> tuple[datetime, datetime]:
        """So many days in a row, at most so long ago."""
        end = self.days_ago(0, most)
        return end - timedelta(days=days), end

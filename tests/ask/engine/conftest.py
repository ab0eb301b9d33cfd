"""A small shop, with its values: the schema that the engine's tests ask about."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from assay.ask.engine.values import ValueIndex
from assay.ask.graph import Column, Edge, Graph, Table

CUSTOMER, PURCHASE = 0, 1


@pytest.fixture
def graph() -> Graph:
    """Customers and what they bought; one table has a name that must be quoted."""
    customer = Table(
        "customer",
        (
            Column("customerId", "INTEGER", "number", nullable=False, unique=True),
            Column("name", "TEXT", "text"),
            Column("home_city", "TEXT", "text"),
            Column("age", "INTEGER", "number"),
            Column("gender", "TEXT", "text"),
        ),
        primary_key=(0,),
    )
    purchase = Table(
        "order",
        (
            Column("id", "INTEGER", "number", nullable=False, unique=True),
            Column("customer_id", "INTEGER", "number"),
            Column("amount", "NUMERIC", "number", comment="price paid in euro"),
            Column("ordered on", "TEXT", "time"),
        ),
        primary_key=(0,),
    )
    return Graph("sqlite", (customer, purchase), (Edge(1, (1,), 0, (0,)),))


@pytest.fixture
def values() -> ValueIndex:
    """What the shop's text columns hold."""
    return ValueIndex(
        {
            (CUSTOMER, 1): ["Ada", "Zoë Müller", None, "Ada"],
            (CUSTOMER, 2): ["Berlin", "New York", "São Paulo"],
            (CUSTOMER, 4): ["F", "M"],
        }
    )


@pytest.fixture
def shop(tmp_path: Path) -> sqlite3.Connection:
    """The same shop as a database."""
    connection = sqlite3.connect(tmp_path / "shop.sqlite")
    connection.executescript("""
        CREATE TABLE customer (customerId INTEGER PRIMARY KEY, name TEXT, home_city TEXT, age INTEGER, gender TEXT);
        CREATE TABLE "order" (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer,
                              amount NUMERIC, "ordered on" TEXT);
        INSERT INTO customer VALUES (1,'Ada','Berlin',36,'F'), (2,'Zoë Müller','New York',51,'F'),
            (3,NULL,'São Paulo',NULL,'M');
        INSERT INTO "order" VALUES (1,1,10,'2024-01-02'), (2,1,5.5,'2024-02-01'), (3,2,NULL,NULL);
    """)
    return connection

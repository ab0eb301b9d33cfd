"""The schema that attacks and benign statements are written for, as a graph and as DDL that two servers take."""

# ruff: noqa: E501
from __future__ import annotations

from assay.ask.graph import Column, Dialect, Graph, Table


def _table(name: str, columns: str, schema: str = "") -> Table:
    return Table(name, tuple(Column(one.strip(), "text", "text") for one in columns.split(",")), schema)


def graph(dialect: Dialect) -> Graph:
    """What the guard knows; the database holds more: secrets, and another schema's accounts."""
    public = "public" if dialect == "postgres" else ""
    extra = [_table("leads", "id, source, value", "crm")] if dialect == "postgres" else []
    return Graph(
        dialect,
        (
            _table("customers", "id, name, email, country, born, score", public),
            _table("orders", "id, customer_id, placed_at, status, total, note", public),
            _table("order_items", "order_id, product_id, quantity, price", public),
            _table("products", "id, name, category, price, details", public),
            _table("employees", "id, name, manager_id, salary, hired", public),
            _table("Order Notes", "Note Id, order_id, text, Größe", public),
            _table("straße", "id, größe", public),
            _table("big_orders", "id, total, name", public),
            _table("user", "id, key, group", public),
            *extra,
        ),
    )


DDL = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT, country TEXT, born DATE, score NUMERIC);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers, placed_at TIMESTAMP, status TEXT,
  total NUMERIC, note TEXT);
CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, category TEXT, price NUMERIC, details {json});
CREATE TABLE order_items (order_id INTEGER, product_id INTEGER, quantity INTEGER, price NUMERIC);
CREATE TABLE employees (id INTEGER PRIMARY KEY, name TEXT, manager_id INTEGER, salary NUMERIC, hired DATE);
CREATE TABLE "Order Notes" ("Note Id" INTEGER, order_id INTEGER, text TEXT, "Größe" INTEGER);
CREATE TABLE straße (id INTEGER, größe INTEGER);
CREATE TABLE "user" (id INTEGER, "key" TEXT, "group" TEXT);
CREATE TABLE secrets (id INTEGER, password TEXT);
INSERT INTO customers VALUES (1, 'Ada', 'ada@example.org', 'UK', '1990-05-17', 9.5), (2, 'Bob', NULL, 'US', '1985-01-02', 7),
  (3, 'Çelik', 'c@example.org', 'TR', NULL, NULL), (4, 'O''Hara; DROP TABLE x', 'd@example.org', 'IE', '2001-12-31', 3.25);
INSERT INTO orders VALUES (10, 1, '2024-01-05 10:00:00', 'paid', 120.50, NULL), (11, 1, '2024-02-10 11:30:00', 'open', 20, 'live update'),
  (12, 2, '2024-02-28 23:59:59', 'paid', 300, 'x'), (13, 3, '2025-03-01 00:00:00', 'void', 0, ''), (14, NULL, NULL, 'open', 55.5, '-- hm');
INSERT INTO products VALUES (100, 'Lamp', 'home', 40, '{"color": "red", "sizes": [1, 2, 3], "maker": {"name": "Acme"}}'),
  (101, 'Desk', 'home', 250, '{"color": "oak", "sizes": [], "maker": {"name": "Woody"}}'), (102, 'Pen', 'office', 1.5, NULL);
INSERT INTO order_items VALUES (10, 100, 2, 40), (10, 102, 27, 1.5), (11, 102, 10, 2), (12, 101, 1, 250), (12, 100, 1, 50);
INSERT INTO employees VALUES (1, 'Root', NULL, 900, '2010-01-01'), (2, 'Mid', 1, 500, '2015-06-01'), (3, 'Leaf', 2, 300, '2020-09-09'),
  (4, 'Leaf 2', 2, 310, '2021-01-01');
INSERT INTO "Order Notes" VALUES (1, 10, 'first', 5), (2, 12, 'second', 7);
INSERT INTO straße VALUES (1, 10), (2, 20);
INSERT INTO "user" VALUES (1, 'k', 'g');
INSERT INTO secrets VALUES (1, 'hunter2');
CREATE VIEW big_orders AS SELECT o.id, o.total, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.total > 100;
"""
"""Statements end with a semicolon at the end of a line; `{json}` is the type of JSON."""

POSTGRES_DDL = """
CREATE SCHEMA crm;
CREATE TABLE crm.leads (id integer, source text, value numeric);
CREATE TABLE crm.accounts (id integer, iban text);
INSERT INTO crm.leads VALUES (1, 'web', 10), (2, 'fair', 20);
"""


def mysql_ddl() -> list[str]:
    """The same for MySQL and MariaDB, whose names stand in backticks."""
    found: list[str] = []
    for statement in (
        DDL.replace("{json}", "JSON").replace("REFERENCES customers", "REFERENCES customers (id)").split(";\n")
    ):
        head, values, rest = statement.partition(" VALUES ")
        if statement.strip():
            found.append(head.replace('"', "`") + values + rest)
    return found

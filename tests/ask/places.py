"""The same small shop on every engine, with an account that may only read, and one that owns it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from assay_lab.mariadb import MariaServer
from assay_lab.server import Server

STATEMENTS = (
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR(80) NOT NULL, city VARCHAR(80), email VARCHAR(80))",
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, status VARCHAR(20),"
    " total DECIMAL(10, 2), placed_at DATE, FOREIGN KEY (customer_id) REFERENCES customers (id))",
    "CREATE UNIQUE INDEX customers_email ON customers (email)",
    "INSERT INTO customers VALUES (1, 'Ada', 'Berlin', 'a@x'), (2, 'Bob', 'Paris', 'b@x'), (3, 'Zoë', 'Berlin', 'z@x')",
    "INSERT INTO orders VALUES (1, 1, 'paid', 10.5, '2024-01-01'), (2, 1, 'open', 20, '2024-02-01'),"
    " (3, 2, 'paid', 5, '2023-01-01')",
)
SAME = (
    ("How many customers are there?", {(3,)}),
    ("List the names of customers in Berlin", {("Ada",), ("Zoë",)}),
    ("How many orders were placed in 2024", {(2,)}),
    ("Show the names of customers with paid orders", {("Ada",), ("Bob",)}),
)
"""Questions that every engine answers with the same rows."""
ENGINES = ("postgresql", "mysql", "sqlite")


@dataclass
class Places:
    """How to connect each engine as an administrator, and as somebody who may only read."""

    owner: dict[str, str]
    reader: dict[str, str]
    file: Path
    mariadb: MariaServer

    def forget(self, engine: str) -> None:
        """Remove the account that init made."""
        if engine == "mysql":
            with self.mariadb.connect() as root, root.cursor() as cursor:
                cursor.execute("DROP USER asker_ro@'%'")
        else:
            with psycopg.connect(self.owner[engine], autocommit=True) as admin:
                admin.execute("DROP OWNED BY asker_ro; DROP ROLE asker_ro")


@contextmanager
def made(folder: Path, postgres: Server, mariadb: MariaServer) -> Iterator[Places]:
    """Make it on servers that run, and a file in a folder."""
    own = {"postgresql": postgres.create_database(), "mysql": mariadb.create_database("engines")}
    file = folder / "shop.db"
    own["sqlite"] = f"sqlite://{file}"
    read = dict(own)
    with psycopg.connect(own["postgresql"], autocommit=True) as pg:
        for statement in STATEMENTS:
            pg.execute(statement.encode())
        pg.execute("ANALYZE; CREATE ROLE engines_ro LOGIN PASSWORD 'ro'")
        pg.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO engines_ro")
    name = own["postgresql"].rpartition("/")[2]
    read["postgresql"] = f"postgresql://engines_ro:ro@127.0.0.1:{postgres.port}/{name}"
    with mariadb.connect("engines") as root, root.cursor() as cursor:
        for statement in STATEMENTS:
            cursor.execute(statement)
        cursor.execute("ALTER TABLE customers COMMENT 'people who buy', MODIFY city VARCHAR(80) COMMENT 'town'")
        cursor.execute("ANALYZE TABLE customers, orders")
        cursor.execute("CREATE USER engines_ro@'%' IDENTIFIED BY 'ro'")
        cursor.execute("GRANT SELECT ON engines.* TO engines_ro@'%'")
    read["mysql"] = mariadb.dsn("engines", "engines_ro", "ro")
    with sqlite3.connect(file) as lite:
        for statement in STATEMENTS:
            lite.execute(statement)
    lite.close()
    yield Places(own, read, file, mariadb)
    with psycopg.connect(own["postgresql"], autocommit=True) as pg:
        pg.execute("DROP OWNED BY engines_ro; DROP ROLE engines_ro")
    with mariadb.connect() as root, root.cursor() as cursor:
        cursor.execute("DROP DATABASE engines")
        cursor.execute("DROP USER engines_ro@'%'")

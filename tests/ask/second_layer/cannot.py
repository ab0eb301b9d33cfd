"""What accounts, sessions and limits cannot stop, each with the reason: only the guard before them does."""

from __future__ import annotations

from assay.ask.graph import Dialect

NOT_SENT: dict[Dialect, dict[str, str]] = {
    "postgres": {
        "SELECT repeat('x', 1000000000)": "one value of a gigabyte: the server makes it before any clock is looked at",
        "SELECT format('%1000000000s', 'x')": "the same",
        "SELECT format('%*s', 1000000000, 'x')": "the same",
        "SELECT array_fill(1, ARRAY[100000000])": "the same: an array of 400 MB, and a text of it",
        "SELECT lpad('x', 100000000)": "the same: 100 MB",
    },
}
"""Attacks on the memory of the server's machine, which a test should not do to the machine that it runs on."""

SHOWS: dict[Dialect, dict[str, str]] = {
    "postgres": {
        "SELECT * FROM pg_catalog.pg_class": "the catalogue is everybody's: names of all tables and columns",
        "SELECT * FROM information_schema.tables": "the same",
        "SELECT rolname FROM pg_catalog.pg_roles": "names of accounts",
        "SELECT current_setting('server_version')": "settings that are not a superuser's alone",
        "SELECT pg_get_functiondef('pg_sleep(double precision)'::regprocedure)": "texts of functions",
        "SELECT ctid, xmin FROM customers": "where a row lies, and which transaction wrote it",
    },
    "mysql": {
        "SELECT USER(), DATABASE(), CONNECTION_ID()": "who is signed in, and where",
        "SELECT @@datadir": "system variables",
        "SELECT * FROM information_schema.tables": "names of the tables that the account may read",
        "SELECT GET_LOCK('x', 0)": "a lock by name: it ends with the connection, which is not kept",
        "SELECT BENCHMARK(1000, MD5('x'))": "work for the processor, until max_statement_time",
    },
    "sqlite": {
        "SELECT * FROM secrets": "SQLite has no accounts: all tables of the file are open to whoever opens it",
        "SELECT rowid FROM customers": "where a row lies",
        "SELECT a.name FROM customers a, customers b": "work for the processor, until the deadline",
    },
}
"""Statements that the guard refuses and that run here all the same; they show or cost something, and change nothing."""

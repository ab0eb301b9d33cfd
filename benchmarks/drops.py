"""Whether drops find what is redundant and nothing else: forty indexes planted from a grammar, ten of them redundant.

    python benchmarks/drops.py [SEED ...]

Each seed draws ten pairs (an index, and one that does nothing more) and twenty look-alikes: of constraints, keys and
replication, unique, partial, on expressions, of another operator class, collation, method, direction or order.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg
from _demo import say

from assay.adapters.databases.postgres import PostgresDatabases
from assay.ports.secret import Secret
from assay.sources.introspect import read_schema
from assay.workload.drops import find_drops
from assay_lab.server import Server

WAYS = ("", "DESC", "DESC NULLS LAST", "NULLS FIRST")
OPPOSITE = {"": "DESC", "DESC": "", "DESC NULLS LAST": "NULLS FIRST", "NULLS FIRST": "DESC NULLS LAST"}
Columns = list[str]


def fresh(draw: random.Random) -> tuple[str, Columns]:
    """A table of five text columns with names that need quotes now and then."""
    number = draw.randrange(10**6)
    words = [draw.choice(["col", "Spalte", "naïve", "select"]) + f" {number}" * draw.randint(0, 1) for _ in range(5)]
    names = [f"{word}_{place}" for place, word in enumerate(words)]
    draw.shuffle(names)
    return draw.choice(["t", "Tisch", "таблица"]) + f"_{number}", [f'"{name}"' for name in names]


def redundant(draw: random.Random) -> tuple[str, list[str]]:
    """Statements that make a table with two indexes, `keep` and `r` (which does nothing more), named by the table."""
    table, columns = fresh(draw)
    keys = [f"{c} {draw.choice(WAYS)}".strip() for c in columns[: draw.randint(1, 3)]]
    more = columns[3:4] if draw.random() < 0.5 else []
    unique = draw.choice(["", "UNIQUE "])
    kind = draw.choice(["prefix", "reversed", "same", "carried", "partial", "expression"])
    where = ""
    if kind == "partial":
        where, narrow, wide = f" WHERE {columns[4]} IS NULL", keys, keys
    elif kind == "expression":
        narrow = wide = [f"lower({columns[0]})", columns[1]]
    elif kind == "reversed":
        narrow = [_turned(key) for key in keys]
        wide = keys + more
    else:
        narrow, wide = keys, keys + (more if kind == "prefix" else [])
    include = f" INCLUDE ({columns[4]})" if kind == "carried" else ""
    wide_include = include if draw.random() < 0.5 else (f" INCLUDE ({', '.join(columns[3:])})" if include else "")
    unique = "" if kind in ("partial", "expression") else unique
    return table, [
        f'CREATE TABLE "{table}" ({", ".join(c + " text" for c in columns)})',
        f'CREATE {unique}INDEX "keep_{table}" ON "{table}" ({", ".join(wide)}){wide_include}{where}',
        f'CREATE INDEX "r_{table}" ON "{table}" ({", ".join(narrow)}){include}{where}',
    ]


def _turned(key: str) -> str:
    column, quote, way = key.rpartition('"')
    return f"{column}{quote} {OPPOSITE[way.strip()]}".strip()


def innocent(draw: random.Random) -> tuple[str, list[str]]:
    """Statements that make a table with an index that another seems to cover, or that something else needs."""
    table, columns = fresh(draw)
    a, b, c, d, _ = columns
    name, t = f'"i_{table}"', f'"{table}"'
    create = f"CREATE TABLE {t} ({', '.join(x + ' text NOT NULL' for x in columns)})"
    kinds: dict[str, Callable[[], list[str]]] = {
        "unique": lambda: [f"CREATE UNIQUE INDEX {name} ON {t} ({a})"],
        "primary": lambda: [f"ALTER TABLE {t} ADD CONSTRAINT {name} PRIMARY KEY ({a})"],
        "target": lambda: [
            f"CREATE UNIQUE INDEX {name} ON {t} ({a}, {b})",
            f'CREATE TABLE "to_{table}" (x text, y text, FOREIGN KEY (x, y) REFERENCES {t} ({a}, {b}))',
        ],
        "exclusion": lambda: [f"ALTER TABLE {t} ADD CONSTRAINT {name} EXCLUDE USING btree ({a} WITH =)"],
        "replica": lambda: [
            f"CREATE UNIQUE INDEX {name} ON {t} ({a})",
            f"ALTER TABLE {t} REPLICA IDENTITY USING INDEX {name}",
        ],
        "partial": lambda: [f"CREATE INDEX {name} ON {t} ({a}) WHERE {c} = '{draw.randint(1, 9)}'"],
        "expression": lambda: [f"CREATE INDEX {name} ON {t} ({draw.choice(['lower', 'upper', 'md5'])}({a}))"],
        "opclass": lambda: [f"CREATE INDEX {name} ON {t} ({a} text_pattern_ops)"],
        "collation": lambda: [f'CREATE INDEX {name} ON {t} ({a} COLLATE "C")'],
        "method": lambda: [f"CREATE INDEX {name} ON {t} USING {draw.choice(['hash', 'brin'])} ({a})"],
        "order": lambda: [f"CREATE INDEX {name} ON {t} ({b}, {a})"],
        "direction": lambda: [f"CREATE INDEX {name} ON {t} ({a}, {b} DESC)"],
        "nulls": lambda: [f"CREATE INDEX {name} ON {t} ({a} NULLS FIRST)"],
        "carries": lambda: [f"CREATE INDEX {name} ON {t} ({a}) INCLUDE ({d})"],
    }
    kind = draw.choice(sorted(kinds))
    # An ordinary wider index that would cover a plain one on the first column.
    return table, [create, f'CREATE INDEX "w_{table}" ON {t} ({a}, {b}, {c})', *kinds[kind]()]


def main() -> int:
    seeds = [int(arg) for arg in sys.argv[1:]] or [random.SystemRandom().randrange(10**6) for _ in range(5)]
    figures = {"found": 0, "of": 0, "wrong": 0, "others": 0}
    mistakes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder, Server(Path(folder) / "server") as server:
        for seed in seeds:
            draw = random.Random(seed)
            dsn = server.create_database()
            with psycopg.connect(dsn, autocommit=True) as connection:
                for make in [redundant] * 10 + [innocent] * 10:
                    for statement in make(draw)[1]:
                        connection.execute(statement)
            databases = PostgresDatabases()
            with databases.session(Secret(dsn)) as session:
                schema = read_schema(session, "bench")
            databases.close()
            names = {index.name for table in schema.tables for index in table.indexes}
            found = {drop.index.name for drop in find_drops(schema)}
            right = {name for name in names if name.startswith("r_")}
            figures["found"] += len(found & right)
            figures["of"] += len(right)
            figures["wrong"] += len(found - right)
            figures["others"] += len(names - right)
            mistakes += [f"{seed}: {name}" for name in sorted(found ^ right)]
    say("drops", seeds=seeds, **figures, must="9 of 10 found, 0 wrong", mistakes=mistakes[:10])
    return 0 if figures["found"] >= 0.9 * figures["of"] and not figures["wrong"] else 1


if __name__ == "__main__":
    sys.exit(main())

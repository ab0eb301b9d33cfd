"""How each dialect compares names, and how a name of the graph is written."""

from __future__ import annotations

import re

from sqlglot import exp

from assay.ask.graph import Dialect, Graph
from assay.ask.guard.grammar import keywords

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")
_CAPITALS = {ord(mark): mark.lower() for mark in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
LONGEST: dict[Dialect, int] = {"postgres": 63, "mysql": 256, "sqlite": 1000}
"""Bytes of a name; PostgreSQL cuts longer ones off without an error."""
_SERVERS: dict[Dialect, re.Pattern[str]] = {
    "postgres": re.compile(r"pg_|information_schema\Z"),
    "mysql": re.compile(r"(information_schema|performance_schema|mysql|sys)\Z"),
    "sqlite": re.compile(r"sqlite_|pragma_|dbstat\Z"),
}
"""What the folded names of a server's own schemas and tables begin with, or are."""
_OWN_SCHEMA: dict[Dialect, str] = {"postgres": "public", "mysql": "", "sqlite": "main"}


def folded(name: str, *, quoted: bool, dialect: Dialect) -> str:
    """The form in which names of columns and aliases are compared.

    PostgreSQL folds ASCII capitals of unquoted names; SQLite compares ASCII without case, quoted or not; MySQL
    compares columns without case in all of Unicode.
    """
    if dialect == "mysql":
        return name.lower()
    return name if quoted and dialect == "postgres" else name.translate(_CAPITALS)


def key(name: exp.Identifier, dialect: Dialect) -> str:
    """The folded form of an identifier."""
    return folded(name.name, quoted=bool(name.args.get("quoted")), dialect=dialect)


def known(name: str, dialect: Dialect) -> str:
    """The folded form of a name as the database spells it."""
    return folded(name, quoted=True, dialect=dialect)


def find_table(graph: Graph, name: exp.Identifier, schema: exp.Identifier | None) -> list[int]:
    """Places of the tables that a name may mean: none, one, or several that only a search path could tell apart.

    MySQL compares names of tables with or without case as its platform does: the very spelling wins, else the only
    one that differs in case; what is run has the graph's spelling, so the server cannot find another one.
    """
    wanted = key(name, graph.dialect)
    places = [
        place
        for place, table in enumerate(graph.tables)
        if known(table.name, graph.dialect) == wanted and (schema is None or _in(table.schema, schema, graph.dialect))
    ]
    if len(places) > 1 and graph.dialect == "mysql":
        places = [place for place in places if graph.tables[place].name == name.name] or places
    if len(places) > 1 and schema is None:
        own = [place for place in places if graph.tables[place].schema in ("", _OWN_SCHEMA[graph.dialect])]
        places = own if len(own) == 1 else places
    return places


def servers_own(name: exp.Identifier, schema: exp.Identifier | None, dialect: Dialect) -> bool:
    """Whether a name is that of a table of the server's own: its catalogue, its statistics, its accounts."""
    parts = [one for one in (schema, None if dialect == "mysql" else name) if one is not None]
    return any(_SERVERS[dialect].match(key(one, dialect)) for one in parts)


def _in(schema: str, named: exp.Identifier, dialect: Dialect) -> bool:
    return known(schema or _OWN_SCHEMA[dialect], dialect) == key(named, dialect) != ""


def written(name: str, dialect: Dialect, *, quoted: bool = False) -> exp.Identifier:
    """An identifier that means exactly this name."""
    return exp.Identifier(this=name, quoted=quoted or not _PLAIN.match(name) or name.upper() in keywords(dialect))

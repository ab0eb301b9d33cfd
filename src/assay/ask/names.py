"""Writes names of tables and columns so that a server takes them for what they are: quoted where it must be."""

from __future__ import annotations

import re

from sqlglot import exp
from sqlglot.dialects.mysql import MySQL

from assay.ask.graph import Dialect

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FOLDED = re.compile(r"[a-z_][a-z0-9_]*")

_POSTGRES = """all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate
collation column concurrently constraint create cross current_catalog current_date current_role current_schema
current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign
freeze from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like
limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary
references returning right select session_user similar some symmetric system_user table tablesample then to trailing
true union unique user using variadic verbose when where window with"""
_SQLITE = """abort action add after all alter always analyze and as asc attach autoincrement before begin between by
cascade case cast check collate column commit conflict constraint create cross current current_date current_time
current_timestamp database default deferrable deferred delete desc detach distinct do drop each else end escape except
exclude exclusive exists explain fail filter first following for foreign from full generated glob group groups having if
ignore immediate in index indexed initially inner insert instead intersect into is isnull join key last left like limit
match materialized natural no not nothing notnull null nulls of offset on or order others outer over partition plan
pragma preceding primary query raise range recursive references regexp reindex release rename replace restrict returning
right rollback row rows savepoint select set table temp temporary then ties to transaction trigger unbounded union
unique update using vacuum values view virtual when where window with without"""
_LATER = "cume_dist dense_rank first_value groups intersect lag last_value lead nth_value ntile parallel qualify rank"
"""Words that MySQL and MariaDB reserved in later versions."""
_RESERVED = frozenset(f"{_POSTGRES} {_SQLITE} {_LATER} interval values".split()) | frozenset(
    word.lower() for word in MySQL.Generator.RESERVED_KEYWORDS
)
"""Of all three: a name quoted for one reads the same in the others, and quoting too much harms nothing."""


def identifier(name: str, dialect: Dialect) -> exp.Identifier:
    """A name that keeps its case; PostgreSQL folds what is not quoted to lower case."""
    plain = (_FOLDED if dialect == "postgres" else _PLAIN).fullmatch(name)
    return exp.Identifier(this=name, quoted=plain is None or name.lower() in _RESERVED)

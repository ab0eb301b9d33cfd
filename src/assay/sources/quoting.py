"""Writes names and texts into the SQL that people read and administrators run."""

from __future__ import annotations


def name(identifier: str) -> str:
    """Quote an identifier; always, since which words need it differs between versions."""
    return '"' + identifier.replace('"', '""') + '"'


def backticked(identifier: str) -> str:
    """Quote an identifier as MySQL and MariaDB do."""
    return "`" + identifier.replace("`", "``") + "`"


def text(value: str) -> str:
    """Quote a literal so that it means the same whatever standard_conforming_strings is."""
    doubled = value.replace("'", "''")
    return " E'" + doubled.replace("\\", "\\\\") + "'" if "\\" in doubled else f"'{doubled}'"


def block(body: str) -> str:
    """Wrap PL/pgSQL in DO with a dollar quote that does not occur in it."""
    tag, number = "$do$", 0
    while tag in body:
        number += 1
        tag = f"$do{number}$"
    return f"DO {tag}\n{body}\n{tag}"

"""Looks at a statement before it is sent: that it is one, and what kind."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, cast

import pglast.parser as _pglast

from assay.ports.errors import Refused

PLANNABLE = ("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt")
_KINDS = {"SelectStmt": "SELECT", "InsertStmt": "INSERT", "UpdateStmt": "UPDATE", "DeleteStmt": "DELETE"}

# pglast's C module has no types
_to_json = cast("Any", _pglast).parse_sql_json
_Unparsable = cast("type[Exception]", cast("Any", _pglast).ParseError)


@lru_cache(maxsize=4_096)
def root(statement: str) -> str | None:
    """Name the one statement's node, "SelectStmt", with "+into" for a SELECT that would create a table.

    An EXPLAIN that would run the statement is "ExplainStmt+analyze".

    Returns None when our grammar, that of the newest server, cannot read it; the server itself then judges.
    Raises Refused when it is no statement, or more than one.
    """
    if "\0" in statement:
        raise Refused("The statement contains a NUL character, which PostgreSQL cannot store.", sqlstate="22021")
    if any("\ud800" <= mark <= "\udfff" for mark in statement):
        raise Refused("The statement contains half of a character (a lone surrogate).", sqlstate="22021")
    try:
        found = cast("list[Any]", json.loads(_to_json(statement))["stmts"]) if statement.strip() else []
    except (_Unparsable, RecursionError, ValueError):
        return None
    if not found:
        raise Refused("There is no statement: the text is empty or holds comments only.", sqlstate="42601")
    if len(found) > 1:
        raise Refused(f"These are {len(found)} statements; one at a time can be looked at.", sqlstate="42601")
    kind, node = next(iter(cast("dict[str, Any]", found[0]["stmt"]).items()))
    if kind == "ExplainStmt" and any(one["DefElem"]["defname"] == "analyze" for one in node.get("options", ())):
        return "ExplainStmt+analyze"
    return f"{kind}+into" if kind == "SelectStmt" and node.get("intoClause") else str(kind)


def only_shows(statement: str) -> bool:
    """Whether it is one SHOW, or one EXPLAIN that runs nothing; raises Refused as `root` does."""
    return root(statement) in ("ExplainStmt", "VariableShowStmt")


def must_have_plan(statement: str) -> None:
    """Raise Refused unless it is one statement of a kind that the planner plans."""
    kind = root(statement)
    if kind is not None and kind.removesuffix("+into") not in PLANNABLE:
        raise Refused("Only SELECT, VALUES, INSERT, UPDATE, DELETE and MERGE have a plan; this is another command.")


def must_only_read(statement: str) -> None:
    """Raise Refused unless it is one SELECT, WITH … SELECT or VALUES that creates nothing."""
    kind = root(statement)
    if kind is None:
        raise Refused("The statement cannot be parsed, so it was not run.", sqlstate="42601")
    if kind == "SelectStmt+into":
        raise Refused("SELECT INTO creates a table; only a statement that reads is run.")
    if kind != "SelectStmt":
        raise Refused(f"Only SELECT and VALUES are run; this is {_KINDS.get(kind, 'another command')}.")


def must_be_index(definition: str) -> None:
    """Raise Refused unless it is one CREATE INDEX."""
    if root(definition) != "IndexStmt":
        raise Refused("Only one CREATE INDEX statement can be imagined; this is something else.")

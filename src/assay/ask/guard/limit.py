"""A statement gives at most so many rows: its LIMIT is put in, or lowered."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.expressions.core import Expr

from assay.ask.graph import Dialect
from assay.ask.guard.model import Violation, violation


def cap_rows(
    tree: exp.Query | exp.Values, cap: int, dialect: Dialect
) -> tuple[exp.Query | exp.Values, list[str], list[Violation]]:
    """Cap the rows of a query, in place where that is possible.

    Every LIMIT and OFFSET inside must be a literal too, so that the number of rows is known before anything runs.

    Returns:
        the capped tree, sentences about what was changed, and what cannot be capped.
    """
    found = [*_inner(tree, dialect)]
    if found:
        return tree, [], found
    if isinstance(tree, exp.Values):
        if len(tree.expressions) > cap:
            return tree, [], [Violation("limit.values", f"more than {cap} rows of VALUES")]
        return tree, [], []
    limit = tree.args.get("limit")
    asked = _asked(limit)
    if isinstance(limit, exp.Fetch) and _ties(limit):
        alias = exp.TableAlias(this=exp.to_identifier("capped"))
        outer = exp.Select(expressions=[exp.Star()], from_=exp.From(this=exp.Subquery(this=tree, alias=alias)))
        tree = outer
        said = [f"at most {cap} rows are read, ties included"]
    else:
        said = [f"LIMIT {asked} was lowered to {cap}"] if asked is not None and asked > cap else []
    most = cap if asked is None or asked > cap or said else asked
    tree.set("limit", exp.Limit(expression=exp.Literal.number(most)))
    return tree, said, []


def _ties(fetch: exp.Fetch) -> bool:
    options = fetch.args.get("limit_options")
    return isinstance(options, exp.LimitOptions) and bool(options.args.get("with_ties"))


def _asked(limit: Expr | None) -> int | None:
    """The rows that a LIMIT or FETCH asks for; None is all of them."""
    if limit is None:
        return None
    rows = limit.args.get("count") if isinstance(limit, exp.Fetch) else limit.args.get("expression")
    if rows is None:
        return 1 if isinstance(limit, exp.Fetch) else None  # FETCH FIRST ROW ONLY
    return int(rows.name) if isinstance(rows, exp.Literal) else None


def _inner(tree: Expr, dialect: Dialect) -> list[Violation]:
    found: list[Violation] = []
    for node in tree.find_all(exp.Limit, exp.Offset, exp.Fetch):
        rows = node.args.get("count") if isinstance(node, exp.Fetch) else node.args.get("expression")
        while isinstance(rows, exp.Paren):
            rows = rows.this
        if isinstance(node, exp.Fetch) and dialect != "postgres":
            found.append(violation("limit.fetch", "FETCH FIRST is not of this dialect; use LIMIT", node))
        elif isinstance(rows, exp.Literal) and not rows.is_string and rows.name.isdigit() and len(rows.name) < 16:
            node.set("count" if isinstance(node, exp.Fetch) else "expression", rows)
        elif not (isinstance(node, exp.Fetch) and rows is None) and not _endless(rows, dialect):
            found.append(violation("limit.literal", "LIMIT and OFFSET need a literal number", node))
    return found


def _endless(rows: Expr | None, dialect: Dialect) -> bool:
    """LIMIT ALL, LIMIT NULL, and SQLite's LIMIT -1."""
    if dialect == "postgres":
        return isinstance(rows, exp.Null) or (isinstance(rows, exp.Var) and rows.name.upper() == "ALL")
    return dialect == "sqlite" and isinstance(rows, exp.Neg) and isinstance(rows.this, exp.Literal) and rows.this.is_int

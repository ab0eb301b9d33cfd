"""The one entry of the guard: a text goes in, a statement that may be run comes out, or the reasons why none does."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from assay.ask.graph import Dialect, Graph
from assay.ask.guard.bind import Binder
from assay.ask.guard.functions import check_calls, check_functions
from assay.ask.guard.grammar import SqlglotError, Token, keywords, parse, render, tokens
from assay.ask.guard.limit import cap_rows
from assay.ask.guard.model import Guarded, Rejected, Violation, violation
from assay.ask.guard.nodes import check_nodes
from assay.ask.guard.postgres import second_opinion
from assay.ask.guard.raw import check_raw, pieces

_FIRST: dict[Dialect, set[str]] = {
    "postgres": {"SELECT", "WITH", "VALUES", "TABLE", "("},
    "mysql": {"SELECT", "WITH", "TABLE", "("},
    "sqlite": {"SELECT", "WITH", "VALUES", "("},
}

_LONGEST = 12_000
"""Tokens of a statement: some two seconds of parsing."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What one pass over a text found."""

    sql: str
    tables: tuple[int, ...]
    columns: tuple[tuple[int, int], ...]
    warnings: tuple[str, ...]


def guard(text: str, graph: Graph, *, cap: int = 1000) -> Guarded:
    """Check a statement against a schema, and write it anew from its checked tree.

    What comes out is one query that reads only tables and columns of the graph (where nothing is known of its tables:
    none of the server's own), calls only functions known to be harmless, and gives at most `cap` rows. Both texts were
    checked: the one that came in, and the one that goes out.

    Args:
        text: one statement, of at most 100 kB.
        graph: the schema, and the dialect.
        cap: rows at most; a larger LIMIT is lowered to it.

    Raises:
        Rejected: it is not let pass; `violations` says why.
        ValueError: `cap` is not positive.
    """
    if cap < 1:
        raise ValueError(f"the cap is {cap}; it must be at least 1")
    try:
        first = _look(text, graph, cap)
        again = first if first.sql == text else _look(first.sql, graph, cap)
        _same(first, again, graph.dialect)
    except Rejected:
        raise
    except RecursionError:
        raise Rejected([Violation("tree.depth", "the statement is nested too deeply")]) from None
    except SqlglotError as error:
        raise Rejected([Violation("parse.syntax", _reason(error))]) from None
    except Exception as error:  # whatever the libraries did not foresee is a refusal, never a pass
        message = f"the statement could not be checked ({type(error).__name__})"
        raise Rejected([Violation("guard.failed", message)]) from error
    return Guarded(first.sql, first.tables, first.columns, first.warnings)


def _reason(error: SqlglotError) -> str:
    return f"{error}".splitlines()[0][:200] if f"{error}" else "it is not of the dialect"


def _stop(found: list[Violation]) -> None:
    if found:
        raise Rejected(found)


def _look(text: str, graph: Graph, cap: int) -> _Look:
    dialect = graph.dialect
    _stop(check_raw(text, dialect, graph.words, keywords(dialect)))
    line = _line(text, dialect)
    tree = _one(line, text, dialect)
    _stop(check_nodes(tree, dialect))
    _stop(check_functions(tree, dialect))
    binder = Binder(graph)
    binder.bind(tree)
    _stop(binder.found)
    if dialect == "postgres":
        _stop(second_opinion(text, graph.relations if graph.known else None))
    tree, said, found = cap_rows(tree, cap, dialect)
    _stop(found)
    called = {one.this.name.lower() for one in tree.find_all(exp.TableAlias) if one.this and one.columns}
    sql = render(tree, dialect)
    _stop(check_calls(line if sql == text else tokens(sql, dialect), dialect, frozenset(called)))
    warnings = tuple(dict.fromkeys([*said, *binder.warnings]))
    return _Look(sql, tuple(sorted(binder.tables)), tuple(sorted(binder.columns)), warnings)


def _line(text: str, dialect: Dialect) -> list[Token]:
    """The words and signs of a text that begins as a query does."""
    line = tokens(text, dialect)
    if not line:
        raise Rejected([Violation("statement.none", "there is no statement in it")])
    if len(line) > _LONGEST:
        raise Rejected([Violation("statement.size", f"{len(line)} words and signs; at most {_LONGEST} are read")])
    if line[0].text.upper() not in _FIRST[dialect]:
        start, end = line[0].start, line[0].end + 1
        message = f"a statement begins with SELECT or WITH, not with {line[0].text[:40]}"
        raise Rejected([Violation("statement.kind", message, line[0].text[:120], start, end)])
    return line


def _one(line: list[Token], text: str, dialect: Dialect) -> exp.Query | exp.Values:
    """The tree of the only statement of a text, brackets around the whole taken off."""
    trees = [tree for tree in parse(line, text, dialect) if tree is not None]
    if len(trees) != 1:
        raise Rejected([Violation("statement.count", f"{len(trees)} statements; one is run at a time")])
    tree = trees[0]
    while isinstance(tree, exp.Subquery) and not any(value for name, value in tree.args.items() if name != "this"):
        tree = tree.this
        tree.pop()
    if not isinstance(tree, (exp.Select, exp.SetOperation, exp.Subquery, exp.Values)):
        raise Rejected([violation("statement.kind", f"{type(tree).__name__} is no query", tree)])
    return tree


def _same(first: _Look, again: _Look, dialect: Dialect) -> None:
    """What was written must read as what was checked, whatever the server's settings for strings are."""
    if again.sql != first.sql or again.tables != first.tables or again.columns != first.columns:
        raise Rejected([Violation("render.drift", "written anew, the statement does not read the same")])
    if any(piece.kind == "comment" for piece in pieces(first.sql, dialect)):
        raise Rejected([Violation("render.comment", "written anew, the statement holds a comment")])
    if dialect == "mysql":
        with_, without = ([*pieces(first.sql, dialect, backslash=one)] for one in (True, False))
        if with_ != without:
            message = "a string ends elsewhere where the server does not let a backslash escape"
            raise Rejected([Violation("render.backslash", message)])

"""Values that statements were seen running with: texts of pg_stat_activity set beside those of the statistics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pglast import ast, enums

from assay.ports.databases import Session
from assay.ports.errors import Refused, TimedOut
from assay.workload.snapshots import MARKER
from assay.workload.statements.parse import Token, fingerprint, parse, tokens
from assay.workload.statements.tree import many

_CONSTANTS = frozenset({"SCONST", "USCONST", "ICONST", "FCONST", "BCONST", "XCONST", "TRUE_P", "FALSE_P", "NULL_P"})
_COMMENTS = frozenset({"SQL_COMMENT", "C_COMMENT"})
_MOST = 200

Seen = tuple[str | None, ...]


def read_running(session: Session) -> tuple[str, ...]:
    """Return the last statement of every other connection to this database, as far as the account may see them."""
    sql = f"""{MARKER} SELECT DISTINCT query FROM pg_catalog.pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_catalog.pg_backend_pid() AND backend_type = 'client backend'
   AND query <> '' AND length(query) < current_setting('track_activity_query_size')::int / 4 LIMIT {_MOST}"""  # noqa: S608
    try:
        return tuple(str(row["query"]) for row in session.rows(sql))
    except (Refused, TimedOut):
        return ()


def by_fingerprint(texts: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Group texts by fingerprint."""
    found: dict[str, list[str]] = {}
    for text in texts:
        found.setdefault(fingerprint(text), []).append(text)
    return {key: tuple(values) for key, values in found.items()}


def seen_values(text: str, running: Iterable[str]) -> tuple[Seen, ...]:
    """Return the values that stand in running texts where the statement has `$1 … $n`; other texts are skipped."""
    found = (values_of(text, one) for one in running)
    return tuple(dict.fromkeys(values for values in found if values is not None))


def values_of(text: str, running: str) -> Seen | None:
    """Set two texts side by side, token by token; None when they are not the same statement.

    A place that is a parameter in the running text too has no value to see: then there is none for any.
    """
    mine, theirs = _words(text), _words(running)
    found: dict[int, str | None] = {}
    at = 0
    for token in mine:
        if at >= len(theirs):
            return None
        if token.name == "PARAM":
            sign = theirs[at].name in ("ASCII_45", "ASCII_43") and at + 1 < len(theirs)
            end = at + (2 if sign else 1)
            if theirs[end - 1].name not in _CONSTANTS:
                return None
            known, value = _value(running[theirs[at].start : theirs[end - 1].end])
            if not known:
                return None
            found[int(text[token.start + 1 : token.end])] = value
            at = end
        elif token.name == theirs[at].name and _same_name(text, token, running, theirs[at]):
            at += 1
        else:
            return None
    count = max(found, default=0)
    if at != len(theirs) or set(found) != set(range(1, count + 1)):
        return None
    return tuple(found[number] for number in range(1, count + 1))


def _words(text: str) -> tuple[Token, ...]:
    found = [token for token in tokens(text) if token.name not in _COMMENTS]
    while found and found[-1].name == "ASCII_59":
        found.pop()
    return tuple(found)


def _same_name(text: str, token: Token, running: str, other: Token) -> bool:
    mine, theirs = text[token.start : token.end], running[other.start : other.end]
    return mine == theirs or ('"' not in mine and mine.lower() == theirs.lower())


def _value(literal: str) -> tuple[bool, str | None]:
    """Return the value of a literal as text; (False, None) when it is none."""
    tree = parse(f"SELECT {literal}").tree
    node = many(tree.targetList)[0].val if isinstance(tree, ast.SelectStmt) else None
    if isinstance(node, ast.A_Expr) and node.kind == enums.A_Expr_Kind.AEXPR_OP:
        return True, literal
    if not isinstance(node, ast.A_Const):
        return False, None
    if node.isnull:
        return True, None
    if isinstance(node.val, ast.String):
        return True, str(node.val.sval)
    if isinstance(node.val, ast.Boolean):
        return True, "true" if node.val.boolval else "false"
    return (True, literal) if isinstance(node.val, ast.Integer | ast.Float) else (False, None)

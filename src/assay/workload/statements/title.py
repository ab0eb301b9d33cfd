"""What a statement does, in a few words: "orders by user_id and status"."""

from __future__ import annotations

from collections.abc import Iterable

from pglast import ast, parser

from assay.workload.facts import StatementFacts
from assay.workload.statements.parse import parse, tokens
from assay.workload.statements.reading import AGGREGATES
from assay.workload.statements.tree import Node, last_name, many, walk

_LONGEST = 90


def title(facts: StatementFacts, text: str) -> str:
    """Say what a statement does: "users with count of orders", "insert into events"."""
    tree = parse(text).tree
    if facts.kind == "other" or tree is None:
        return _first_words(text)
    if facts.kind == "insert":
        return f"insert into {_bare(facts.writes) or _written(tree)}"
    filters = _filters(facts)
    if facts.kind in ("update", "delete"):
        verb = "merge into" if isinstance(tree, ast.MergeStmt) else facts.kind
        verb = "delete from" if verb == "delete" else verb
        return _short(f"{verb} {_bare(facts.writes) or _written(tree)}{filters}")
    return _short(_subject(facts, tree) + filters)


def _subject(facts: StatementFacts, tree: Node) -> str:
    names = _tables(facts, tree)
    if not names:
        return "a value without a table"
    counted = [c for c in facts.correlated if c.place == "select" and c.aggregate]
    if counted:
        inner = {_bare(c.table) for c in counted}
        names = [name for name in names if name not in inner] or names[:1]
        asides = dict.fromkeys(f"{_of(c.aggregate or '', _bare(c.table))}" for c in counted)
        return f"{_listed(names)} with {_listed(list(asides))}"
    groups = list(dict.fromkeys(_plain(s.key.text) for s in facts.sorts if s.grouping))
    subject = _listed(names, " with ")
    aggregate = _aggregate(tree)
    if groups:
        return f"{subject} per {_listed(groups)}"
    return _of(aggregate, subject) if aggregate else subject


def _aggregate(tree: Node) -> str:
    if not isinstance(tree, ast.SelectStmt):
        return ""
    found = {
        last_name(node.funcname)
        for target in many(tree.targetList) for node in walk(target)
        if isinstance(node, ast.FuncCall) and node.over is None and last_name(node.funcname) in AGGREGATES
    }  # fmt: skip
    if not found or tree.groupClause:
        return ""
    return f"{sorted(found)[0]}" if len(found) == 1 else "totals"


def _of(aggregate: str, table: str) -> str:
    name, _, rest = aggregate.partition("(")
    column = rest.rstrip(")").rpartition(".")[2]
    return f"{name} of {table}" if column in ("", "*") else f"{name} of {table} {column}"


def _tables(facts: StatementFacts, tree: Node) -> list[str]:
    asides = {c.block for c in facts.correlated if c.place == "exists"}
    named = [_bare(use.table) for use in facts.tables if use.block not in asides]
    if not named:
        common = {str(n.ctename) for n in walk(tree) if isinstance(n, ast.CommonTableExpr)}
        named = [str(n.relname) for n in walk(tree) if isinstance(n, ast.RangeVar) and str(n.relname) not in common]
    return list(dict.fromkeys(named))


def _filters(facts: StatementFacts) -> str:
    keys = (
        _plain(p.key.text) for p in facts.predicates if p.other is None and p.kind not in ("other", "join")
    )  # fmt: skip
    columns = list(dict.fromkeys(keys))
    return f" by {_listed(columns)}" if columns else ""


def _listed(names: Iterable[str], joint: str = "") -> str:
    """ "a", "a and b", "a, b and c", "a, b, c and 2 more"; with a joint "a with b and c"."""
    every = list(names)
    if joint and len(every) > 1:
        return every[0] + joint + _listed(every[1:])
    if len(every) > 4:
        every = [*every[:3], f"{len(every) - 3} more"]
    return every[0] if len(every) == 1 else f"{', '.join(every[:-1])} and {every[-1]}"


def _bare(table: str | None) -> str:
    return (table or "").rpartition(".")[2] if (table or "").count(".") <= 1 else (table or "").partition(".")[2]


def _plain(key: str) -> str:
    return key[1:-1] if key.startswith("(") and key.endswith(")") else key


def _written(tree: Node) -> str:
    relation = getattr(tree, "relation", None)
    return str(relation.relname) if isinstance(relation, ast.RangeVar) else "a table"


def _first_words(text: str) -> str:
    words = [text[t.start : t.end] for t in tokens(text) if t.name not in ("SQL_COMMENT", "C_COMMENT")][:4]
    return _short(" ".join(words).lower() if words else " ".join(text.split()[:4])) or "an empty statement"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"


def quick_title(text: str) -> str:
    """Say what a statement does by its tokens alone, for the many that are too cheap to be parsed."""
    # the scanner's own tokens, whose `end` is the last character: wrapping them would cost as much again
    try:
        found = [t for t in parser.scan(text) if t.name not in ("SQL_COMMENT", "C_COMMENT")]
    except (parser.ParseError, ValueError):
        found = []
    if not found:
        return _first_words(text)
    verb = next((t.name for t in found if t.name in _VERBS), "")
    word, after = _VERBS.get(verb, ("", ""))
    place = next((i for i, t in enumerate(found) if t.name == after), None) if after else None
    if not word or place is None:
        return _first_words(text)
    tables = [_named(found, i + 1, text) for i, t in enumerate(found) if i >= place and t.name in (after, "JOIN")]
    names = list(dict.fromkeys(name for name in tables if name))
    if not names:
        return _first_words(text)
    return _short(_listed(names, " with ") if word == "select" else f"{word} {names[0]}")


_VERBS = {
    "SELECT": ("select", "FROM"), "INSERT": ("insert into", "INTO"), "UPDATE": ("update", "UPDATE"),
    "DELETE_P": ("delete from", "FROM"), "MERGE": ("merge into", "INTO"),
}  # fmt: skip


def _named(found: list[parser.Token], place: int, text: str) -> str:
    """The last part of a qualified name, without quotes; "" for a sub-select."""
    name = ""
    while place < len(found) and (found[place].name == "IDENT" or found[place].kind == "UNRESERVED_KEYWORD"):
        name = text[found[place].start : found[place].end + 1].strip('"')
        if place + 1 >= len(found) or found[place + 1].name != "ASCII_46":
            break
        place += 2
    return name

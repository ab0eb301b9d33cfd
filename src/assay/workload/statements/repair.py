"""Texts of pg_stat_statements that the server itself cannot PREPARE, written so that it can."""

from __future__ import annotations

from dataclasses import dataclass, field

from pglast import ast, enums

from assay.sources.model import Schema
from assay.workload.statements.parse import Parsed, parse, tokens
from assay.workload.statements.tree import Node, bare_parameter, is_list, last_name, many, parameters, walk
from assay.workload.statements.typing import untyped_parameters

KEPT = "assay_kept"
"""Name of the WITH query that keeps a parameter alive whose place in the text had to go; it is never computed."""


@dataclass(slots=True)
class _Edits:
    """Replacements of the text, by place."""

    made: list[tuple[int, int, str]] = field(default_factory=list[tuple[int, int, str]])
    kept: dict[int, str] = field(default_factory=dict[int, str])
    """Parameters that need another mention, and their types."""

    def apply(self, text: str) -> str:
        for start, end, new in sorted(self.made, reverse=True):
            text = text[:start] + new + text[end:]
        return text


def repair(text: str, schema: Schema | None = None) -> str:
    """Return a text that PREPARE takes, with the same `$n`; a text that needs nothing comes back as it is.

    pg_stat_statements puts `$n` where the grammar wants a literal: `interval $1` becomes `$1::interval`,
    `extract($1 from x)` a call of the function behind it, `numeric($1)` a plain `numeric`. A number that no
    longer stands anywhere is kept alive, with a type, by a WITH query that nothing refers to, which the planner drops.
    With a schema, untyped ones take the types of the columns they are set beside.
    """
    parsed = parse(text)
    if parsed.tree is None or not parameters(parsed.tree):
        return text
    edits = _Edits()
    for node in walk(parsed.tree):
        if isinstance(node, ast.TypeCast):
            _repair_typed_literal(text, node, edits)
        elif isinstance(node, ast.FuncCall):
            _repair_extract(text, node, edits)
        elif isinstance(node, ast.TypeName):
            _repair_type_modifiers(text, node, edits)
        elif isinstance(node, ast.SortBy):
            _repair_ordinal(node, edits)
    _repair_grouping(parsed.tree, edits)
    _repair_untyped(parsed.tree, schema, edits)
    _note_gaps(parsed.tree, edits)
    return _with_kept(edits.apply(text), edits.kept)


def unplannable(text: str) -> str | None:
    """Say why a statement cannot be planned, or None when it can be tried."""
    parsed = parse(text)
    if parsed.tree is None:
        return _cut(text) or f"The text cannot be parsed: {parsed.error}."
    if not isinstance(parsed.tree, ast.SelectStmt | ast.InsertStmt | ast.UpdateStmt | ast.DeleteStmt | ast.MergeStmt):
        return "It is a utility statement; the planner has nothing to plan."
    return None


def _cut(text: str) -> str | None:
    found = tokens(text)
    opened = sum(t.name == "ASCII_40" for t in found) > sum(t.name == "ASCII_41" for t in found)
    if not found or opened:
        return f"The text looks cut off after {len(text):,} characters: a quote or a parenthesis stays open."
    return None


def _repair_typed_literal(text: str, node: ast.TypeCast, edits: _Edits) -> None:
    """`date $1` -> `$1::date`."""
    parameter, kind = node.arg, node.typeName
    if not isinstance(parameter, ast.ParamRef) or kind is None or (node.location or -1) >= 0:
        return
    start, at = int(kind.location or 0), int(parameter.location or 0)
    if start >= at:
        return
    end = at + len(f"${parameter.number}")
    edits.made.append((start, end, f"${parameter.number}::{text[start:at].strip()}"))


def _repair_extract(text: str, node: ast.FuncCall, edits: _Edits) -> None:
    """`extract($1 from x)` -> `pg_catalog.date_part($1, x)`, which takes the field as an argument."""
    args = many(node.args)
    special = node.funcformat == enums.CoercionForm.COERCE_SQL_SYNTAX
    if not special or last_name(node.funcname) != "extract" or not isinstance(args[0], ast.ParamRef):
        return
    start, at = int(node.location or 0), int(args[0].location or 0)
    end = at + len(f"${args[0].number}")
    word = next((t for t in tokens(text) if t.start >= end and t.name == "FROM"), None)
    if word is not None:
        edits.made.append((start, word.end, f"pg_catalog.date_part(${args[0].number}::text,"))


def _repair_type_modifiers(text: str, node: ast.TypeName, edits: _Edits) -> None:
    """`x::numeric($1)` -> `x::numeric`."""
    numbers = parameters(node.typmods)
    if not numbers:
        return
    start = int(node.location or 0)
    found = [t for t in tokens(text) if t.start >= start]
    opened = next((t for t in found if t.name == "ASCII_40"), None)
    closed = next((t for t in found if t.name == "ASCII_41"), None)
    if opened is not None and closed is not None:
        edits.made.append((opened.start, closed.end, ""))
        edits.kept |= dict.fromkeys(numbers, "integer")


def _repair_untyped(tree: Node, schema: Schema | None, edits: _Edits) -> None:
    """`$1 - $2` -> `$1::numeric - $2`."""
    for at, (number, kind) in untyped_parameters(tree, schema).items():
        if not any(start <= at < end for start, end, _ in edits.made):
            edits.made.append((at, at + len(f"${number}"), f"${number}::{kind}"))


def _repair_ordinal(node: ast.SortBy, edits: _Edits) -> None:
    """`ORDER BY $1` stood for an ordinal; any constant does, since which column it was is lost."""
    if isinstance(node.node, ast.ParamRef):
        number, at = node.node.number, int(node.node.location or 0)
        edits.made.append((at, at + len(f"${number}"), f"${number}::integer"))


def _repair_grouping(tree: Node, edits: _Edits) -> None:
    """Give `GROUP BY date_trunc($1, x)` and its like in the target list the same number.

    The server takes out each constant on its own, so `SELECT date_trunc($1, x) … GROUP BY date_trunc($2, x)`
    is refused: the column must appear in GROUP BY. Numbers of the later places are kept alive.
    """
    for node in walk(tree):
        if not isinstance(node, ast.SelectStmt) or not node.groupClause:
            continue
        targets = [target.val for target in many(node.targetList)]
        places = [*many(node.groupClause), *(item.node for item in many(node.sortClause)), *_having(node)]
        for place in places:
            twin = next((value for value in targets if place is not value and _same_shape(value, place)), None)
            for mine, theirs in zip(_references(twin), _references(place), strict=False):
                if mine.number == theirs.number:
                    continue
                at = int(theirs.location or 0)
                edits.made.append((at, at + len(f"${theirs.number}"), f"${mine.number}"))
                edits.kept[int(theirs.number or 0)] = ""


def _having(node: ast.SelectStmt) -> list[Node]:
    """Sub-expressions of HAVING that may repeat a target."""
    return [item for item in walk(node.havingClause) if not isinstance(item, ast.ParamRef)] if node.havingClause else []


def _references(node: object) -> list[ast.ParamRef]:
    return [item for item in walk(node) if isinstance(item, ast.ParamRef)] if isinstance(node, Node) else []


def _same_shape(one: object, other: object) -> bool:
    """Compare two expressions, any `$n` equal to any other; a bare `$n` is equal to nothing."""
    if not isinstance(one, Node) or not isinstance(other, Node) or type(one) is not type(other):
        return False
    if isinstance(one, ast.ParamRef | ast.ColumnRef) or bare_parameter(one) or not _references(one):
        return False
    return _shape(one) == _shape(other)


def _shape(node: object) -> object:
    if isinstance(node, ast.ParamRef):
        return "$"
    if isinstance(node, Node):
        members = (name for name in node if name not in ("location", "rexpr_list_start", "rexpr_list_end"))
        return (type(node).__name__, *(_shape(getattr(node, name)) for name in members))
    return tuple(_shape(item) for item in many(node)) if is_list(node) else node


def _note_gaps(tree: Node, edits: _Edits) -> None:
    """Numbers that never stood in the text still need a type."""
    present = set(parameters(tree))
    for number in range(1, max(present, default=0) + 1):
        if number not in present:
            edits.kept[number] = "text"


def _with_kept(text: str, kept: dict[int, str]) -> str:
    if not kept:
        return text
    present = set(_numbers(parse(text)))
    columns = [f"${number}::{kind or 'text'}" for number, kind in sorted(kept.items()) if number not in present]
    if not columns:
        return text
    query = f"{KEPT} AS (SELECT {', '.join(columns)})"
    found = [t for t in tokens(text) if t.name not in ("SQL_COMMENT", "C_COMMENT")]
    if found and found[0].name in ("WITH", "WITH_LA"):
        at = found[1].end if len(found) > 1 and found[1].name == "RECURSIVE" else found[0].end
        return f"{text[:at]} {query},{text[at:]}"
    return f"WITH {query} {text}"


def _numbers(parsed: Parsed) -> tuple[int, ...]:
    return parameters(parsed.tree) if parsed.tree is not None else ()

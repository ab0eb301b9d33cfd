"""Names and expressions of the syntax tree written as SQL, quoted only where the grammar needs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pglast import ast, enums, keywords
from pglast.stream import RawStream

from assay.workload.statements.parse import parse, substitute
from assay.workload.statements.tree import Node, is_list, many, names, walk

Naming = Callable[[ast.ColumnRef], str]

_NEVER_BARE = frozenset(keywords.RESERVED_KEYWORDS | keywords.TYPE_FUNC_NAME_KEYWORDS | keywords.COL_NAME_KEYWORDS)
_TYPES = {
    "int4": "integer", "int8": "bigint", "int2": "smallint", "float8": "double precision", "float4": "real",
    "bool": "boolean", "varchar": "character varying", "bpchar": "character", "timestamptz": "timestamp with time zone",
    "timetz": "time with time zone",
}  # fmt: skip


def quoted(name: str) -> str:
    """Return an identifier as SQL needs it: `user_id`, `"Order"`, `"select"`."""
    if name and (name[0].isalpha() or name[0] == "_") and name.isascii() and name == name.lower():
        rest = name.replace("_", "a").replace("$", "a")
        if rest.isalnum() and name not in _NEVER_BARE:
            return name
    return '"' + name.replace('"', '""') + '"'


def qualified(table: str) -> str:
    """Return a qualified, unquoted "schema.table" as SQL; the schema's name ends at the first dot."""
    schema, dot, name = table.partition(".")
    return f"{quoted(schema)}.{quoted(name)}" if dot else quoted(schema)


def literal(value: str) -> str:
    """Return a string as an SQL literal."""
    body = value.replace("'", "''")
    return "E'" + body.replace("\\", "\\\\") + "'" if "\\" in body else f"'{body}'"


def plain_name(column: ast.ColumnRef) -> str:
    """Name a column as it stands, without its alias."""
    fields = many(column.fields)
    return quoted(str(fields[-1].sval)) if fields and isinstance(fields[-1], ast.String) else "*"


def expression(node: object, naming: Naming = plain_name, constants: Mapping[int, str] | None = None) -> str:
    """Write an expression as CREATE INDEX takes it, columns named by `naming`.

    Args:
        node: an expression of the syntax tree.
        naming: how a column is written.
        constants: SQL texts that stand for `$n`.
    """
    return _Writer(naming, constants or {}).write(node)


def index_key(node: object, naming: Naming = plain_name, constants: Mapping[int, str] | None = None) -> str:
    """Write an expression as a key of CREATE INDEX: a bare column or function call, all else in parentheses."""
    text = expression(node, naming, constants)
    if isinstance(node, ast.ColumnRef):
        return text
    plain_call = isinstance(node, ast.FuncCall) and not _is_special(node)
    return text if plain_call or (text.startswith("(") and _closes_at_end(text)) else f"({text})"


def _closes_at_end(text: str) -> bool:
    depth, quote = 0, ""
    for place, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0 and place < len(text) - 1:
                return False
    return depth == 0


def _is_special(call: ast.FuncCall) -> bool:
    return call.funcformat == enums.CoercionForm.COERCE_SQL_SYNTAX


def type_name(node: object) -> str:
    """Write a type: "numeric(10,2)", "character varying", "text[]"."""
    if not isinstance(node, ast.TypeName):
        return "text"
    parts = names(node.names)
    if parts[:1] == ("pg_catalog",) and len(parts) == 2:
        name = _TYPES.get(parts[1], parts[1])
        if parts[1] in ("interval", "timestamp", "timestamptz", "time", "timetz") and node.typmods:
            return raw(node)
    else:
        name = ".".join(quoted(part) for part in parts)
    bounds = "[]" * len(many(node.arrayBounds))
    mods = many(node.typmods)
    if not mods:
        return name + bounds
    return name + "(" + ",".join(expression(mod) for mod in mods) + ")" + bounds


def raw(node: Node) -> str:
    """Write any node through pglast's own printer (slow, complete)."""
    return RawStream(remove_pg_catalog_from_functions=True)(node)


def canonical(key: str) -> str:
    """Write an index key so that equal ones are equal texts: casts to text types off, quotes and case settled.

    pg_get_indexdef writes `lower(email::text)` for a varchar column where a statement says `lower(email)`.
    A text that is no expression comes back as it is.
    """
    tree = parse(f"SELECT {key}").tree
    targets = many(tree.targetList) if isinstance(tree, ast.SelectStmt) else ()
    return index_key(_uncast(targets[0].val)) if len(targets) == 1 else key


def _uncast(node: object) -> object:
    """Take text casts off an expression in place; the tree is ours alone."""
    while isinstance(node, ast.TypeCast) and node.typeName is not None and not node.typeName.typmods:
        if names(node.typeName.names)[-1] not in ("text", "varchar") or node.typeName.arrayBounds:
            break
        node = node.arg
    if isinstance(node, Node):
        for name in node:
            value: object = getattr(node, name)
            if isinstance(value, Node):
                setattr(node, name, _uncast(value))
            elif is_list(value) and name == "args":
                setattr(node, name, tuple(_uncast(item) for item in many(value)))
    return node


class _Writer:
    """Writes the expressions that indexes are made of; hands everything else to pglast's printer."""

    def __init__(self, naming: Naming, constants: Mapping[int, str]) -> None:
        self.naming, self.constants = naming, constants

    def write(self, node: object) -> str:
        if isinstance(node, ast.ColumnRef):
            return self.naming(node)
        if isinstance(node, ast.ParamRef):
            number = int(node.number or 0)
            return self.constants.get(number, f"${number}")
        if isinstance(node, ast.A_Const):
            return _constant(node)
        if isinstance(node, ast.TypeCast):
            return f"{self.inner(node.arg)}::{type_name(node.typeName)}"
        if isinstance(node, ast.FuncCall) and self.simple(node):
            parts = names(node.funcname)
            name = quoted(parts[-1]) if parts[:1] == ("pg_catalog",) else ".".join(quoted(part) for part in parts)
            star = "*" if node.agg_star else ", ".join(self.write(arg) for arg in many(node.args))
            return f"{name}({'DISTINCT ' if node.agg_distinct else ''}{star})"
        if isinstance(node, ast.A_Expr) and node.kind == enums.A_Expr_Kind.AEXPR_OP:
            operator = names(node.name)
            sign = operator[-1] if len(operator) == 1 else f"OPERATOR({'.'.join(operator)})"
            left = f"{self.inner(node.lexpr)} " if node.lexpr is not None else ""
            return f"{left}{sign} {self.inner(node.rexpr)}"
        if isinstance(node, ast.CoalesceExpr):
            return f"COALESCE({', '.join(self.write(arg) for arg in many(node.args))})"
        return self.other(node)

    def simple(self, call: ast.FuncCall) -> bool:
        odd = call.agg_order, call.agg_filter, call.over, call.func_variadic, call.agg_within_group
        return (
            not any(odd)
            and not _is_special(call)
            and not any(isinstance(arg, ast.NamedArgExpr) for arg in many(call.args))
        )

    def inner(self, node: object) -> str:
        text = self.write(node)
        plain = isinstance(node, ast.ColumnRef | ast.ParamRef | ast.FuncCall | ast.CoalesceExpr | ast.TypeCast)
        number = isinstance(node, ast.A_Const) and not text.startswith("-")
        return text if plain or number else f"({text})"

    def other(self, node: object) -> str:
        """Name the columns and constants in place, print, and put everything back."""
        if not isinstance(node, ast.Node):
            return ""
        columns = [item for item in walk(node) if isinstance(item, ast.ColumnRef)]
        before = [column.fields for column in columns]
        try:
            for column in columns:
                column.fields = (ast.String(_unquoted(self.naming(column))),)
            text = raw(node)
        finally:
            for column, fields in zip(columns, before, strict=True):
                column.fields = fields
        return substitute(text, self.constants)


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _constant(node: ast.A_Const) -> str:
    if node.isnull:
        return "NULL"
    value = node.val
    if isinstance(value, ast.Integer):
        return str(value.ival or 0)
    if isinstance(value, ast.Float):
        return str(value.fval)
    if isinstance(value, ast.Boolean):
        return "true" if value.boolval else "false"
    if isinstance(value, ast.String):
        return literal(str(value.sval))
    return raw(node)

"""Types for the `$n` that a server cannot type: literals had one, and pg_stat_statements took it out with them."""

from __future__ import annotations

from collections.abc import Iterator

from pglast import ast, enums

from assay.sources.model import Schema, Table
from assay.workload.statements.tree import Node, children, last_name, many, names, walk

_KINDS = enums.A_Expr_Kind
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "^"})
_COMPARISONS = frozenset({"=", "<", ">", "<=", ">=", "<>", "!="})
_NUMERIC = frozenset({
    "sum", "avg", "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp", "abs", "ceil", "ceiling",
    "floor", "sqrt", "sign", "trunc", "mod", "exp", "ln", "power", "greatest", "least",
})  # fmt: skip
"""Functions whose arguments are numbers, so that an untyped one must be said to be one."""
_ANY_ARGUMENT = frozenset({
    "concat", "concat_ws", "format", "count", "pg_typeof", "num_nulls", "num_nonnulls", "to_json", "to_jsonb",
    "json_build_object", "jsonb_build_object", "json_build_array", "jsonb_build_array", "row_to_json", "array_append",
    "array_agg", "json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg", "array_position", "pg_column_size",
})  # fmt: skip


def untyped_parameters(tree: Node, schema: Schema | None = None) -> dict[int, tuple[int, str]]:
    """Find the places of `$n` that need a type said: by their place in the text, their number and the type.

    The server types a parameter by what it is compared or computed with. That fails where there is nothing but other
    parameters: `$1 - $2`, `sum(CASE WHEN … THEN $1 ELSE $2 END)` (text, says the server), `date + $1`, `$1 IS NULL`,
    `generate_series($1, $2)` (bigint).
    The type is that of the column on the other side where the schema tells it, else numeric: those were numbers.
    """
    return _Typing(tree, schema).found()


class _Typing:
    def __init__(self, tree: Node, schema: Schema | None) -> None:
        self._tree = tree
        self._tables = dict(_used(tree, schema)) if schema is not None else {}
        self._made: dict[int, tuple[int, str]] = {}

    def found(self) -> dict[int, tuple[int, str]]:
        for node in walk(self._tree):
            if isinstance(node, ast.A_Expr):
                self._operator(node)
            elif isinstance(node, ast.FuncCall):
                self._function(node)
            elif isinstance(node, ast.SelectStmt) and node.larg is not None and node.rarg is not None:
                self._arms(node)
        for node in walk(self._tree):
            if isinstance(node, ast.A_Expr) and _is_arithmetic(node):
                self._say(_leads(node), "numeric")
        self._loose()
        return self._made

    def _say(self, leads: list[ast.ParamRef] | None, kind: str | None) -> None:
        if leads and kind and not any(int(lead.location or 0) in self._made for lead in leads):
            self._made[int(leads[0].location or 0)] = (int(leads[0].number or 0), kind)

    def _function(self, node: ast.FuncCall) -> None:
        name, args = last_name(node.funcname), many(node.args)
        if name in _NUMERIC:
            for arg in args:
                self._say(_leads(arg), "numeric")
        elif name == "generate_series" and len(args) in (2, 3) and all(isinstance(a, ast.ParamRef) for a in args):
            # Dates would come with an interval, whose type the text says or the server finds.
            self._say([args[0]], "bigint")

    def _operator(self, node: ast.A_Expr) -> None:
        left, right, operator = node.lexpr, node.rexpr, last_name(node.name)
        if _is_arithmetic(node) and left is not None:
            for one, other in ((left, right), (right, left)):
                leads = _leads(one)
                if leads and _leads(other) is None:
                    if isinstance(one, ast.ParamRef):
                        self._say(leads, "integer" if operator in "+-" and self._kind(other) == "date" else None)
                    else:
                        self._say(leads, "numeric")
        elif operator in _COMPARISONS or node.kind in _BETWEENS:
            sides = (*many(right),) if isinstance(right, tuple) else (right,)
            for one, other in [(left, side) for side in sides] + [(side, left) for side in sides]:
                leads = _leads(other)
                if leads and not isinstance(other, ast.ParamRef) and _leads(one) is None:
                    self._say(leads, self._kind(one) or ("numeric" if isinstance(other, ast.A_Expr) else None))

    def _kind(self, node: object) -> str | None:
        """The type of a column, a cast or today's date, as far as it is known."""
        if isinstance(node, ast.SQLValueFunction):
            return "date" if node.op == enums.SQLValueFunctionOp.SVFOP_CURRENT_DATE else None
        if isinstance(node, ast.TypeCast) and node.typeName is not None:
            return last_name(node.typeName.names)
        path = list(names(node.fields)) if isinstance(node, ast.ColumnRef) else []
        if not path:
            return None
        alias = path[-2] if len(path) > 1 else ""
        tables = [self._tables[alias]] if alias in self._tables else list(self._tables.values())
        kinds = {c.type.partition("(")[0].strip() for table in tables for c in table.columns if c.name == path[-1]}
        return kinds.pop() if len(kinds) == 1 else None

    def _arms(self, node: ast.SelectStmt) -> None:
        """A `$n` that stands alone in one arm of a UNION has the type of what stands there in the other."""
        one, other = node.larg, node.rarg
        if one is None or other is None:
            return
        for mine, theirs in zip(many(one.targetList), many(other.targetList), strict=False):
            for here, there in ((mine.val, theirs.val), (theirs.val, mine.val)):
                if isinstance(here, ast.ParamRef):
                    number = isinstance(there, ast.A_Expr) and _is_arithmetic(there)
                    self._say([here], self._kind(there) or ("integer" if number else None))

    def _loose(self) -> None:
        """`$1 IS NULL` and arguments of any type: where a number stands nowhere else, it is said to be text."""
        loose: set[int] = set()
        typed: set[int] = {number for number, _ in self._made.values()}
        places: dict[int, list[ast.ParamRef]] = {}
        for node in walk(self._tree):
            if isinstance(node, ast.NullTest) and isinstance(node.arg, ast.ParamRef):
                loose.add(id(node.arg))
            elif isinstance(node, ast.FuncCall) and last_name(node.funcname) in _ANY_ARGUMENT:
                loose |= {id(arg) for arg in many(node.args) if isinstance(arg, ast.ParamRef)}
            elif isinstance(node, ast.ParamRef):
                number = int(node.number or 0)
                if id(node) in loose:
                    places.setdefault(number, []).append(node)
                else:
                    typed.add(number)
        for number, found in places.items():
            if number not in typed:
                self._say(found[:1], "text")


_BETWEENS = frozenset({_KINDS.AEXPR_BETWEEN, _KINDS.AEXPR_NOT_BETWEEN, _KINDS.AEXPR_OP_ANY, _KINDS.AEXPR_IN})


def _is_arithmetic(node: ast.A_Expr) -> bool:
    return node.kind == _KINDS.AEXPR_OP and last_name(node.name) in _ARITHMETIC


def _leads(node: object) -> list[ast.ParamRef] | None:
    """Return the parameters that decide an expression's type when nothing else does; None when something else does."""
    if isinstance(node, ast.ParamRef):
        return [node]
    if isinstance(node, ast.A_Expr) and (_is_arithmetic(node) or node.kind == _KINDS.AEXPR_NULLIF):
        return _together((node.lexpr, node.rexpr))
    if isinstance(node, ast.CaseExpr):
        results = [branch.result for branch in many(node.args)]
        return _together((*results, node.defresult))
    if isinstance(node, ast.CoalesceExpr | ast.MinMaxExpr):
        return _together(many(node.args))
    if isinstance(node, ast.A_ArrayExpr):
        return _together(many(node.elements))
    return None


def _together(parts: tuple[object, ...]) -> list[ast.ParamRef] | None:
    found: list[ast.ParamRef] = []
    for part in parts:
        if part is None or (isinstance(part, ast.A_Const) and part.isnull):
            continue
        leads = _leads(part)
        if leads is None:
            return None
        found += leads
    return found or None


def _used(tree: Node, schema: Schema) -> Iterator[tuple[str, Table]]:
    """Tables of the statement by alias."""
    if isinstance(tree, ast.RangeVar):
        table = schema.find(str(tree.relname), tree.schemaname)
        if table is not None:
            yield str(tree.alias.aliasname if tree.alias else tree.relname), table
    for child in children(tree):
        yield from _used(child, schema)

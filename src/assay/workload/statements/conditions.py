"""Conditions of WHERE, ON and HAVING as predicates on keys, told apart by what an index can do with them."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import cast

from pglast import ast, enums

from assay.workload.facts import Correlated, Predicate, PredicateKind
from assay.workload.statements.reading import Fixed, Reading, column_key, mark
from assay.workload.statements.scope import Scope, Use, resolve
from assay.workload.statements.tree import (
    Node,
    bare_parameter,
    children,
    constant_string,
    is_list,
    last_name,
    many,
    names,
    parameters,
)  # fmt: skip
from assay.workload.statements.writer import expression, raw

_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "@>": "<@", "<@": "@>", "&&": "&&"}
_RANGES = frozenset({"<", ">", "<=", ">="})
_CONTAINS = frozenset({"@>", "<@", "&&", "?", "?|", "?&", "@?", "@@", "@@@", "~@"})


@dataclass(frozen=True, slots=True)
class Where:
    """Under what a condition stands."""

    conjunct: bool
    """ANDed at the top of the block."""
    uses: Set[int] | None = None
    """In ON of an outer join: ids of the uses whose scan it may restrict; None is all."""
    outer: bool = False
    """In ON of an outer join."""

    def holds(self, use: Use, kind: PredicateKind, operator: str) -> bool:
        """Say whether an index on this use may serve the condition."""
        if not self.conjunct or (self.uses is not None and id(use) not in self.uses):
            return False
        return not (use.nullable and not self.outer and kind == "null" and operator == "IS NULL")


_LOOSE = Where(conjunct=False)


def read_condition(reading: Reading, node: object, scope: Scope, where: Where) -> None:
    """Read one condition and what it is made of."""
    if isinstance(node, ast.BoolExpr):
        _read_boolean(reading, node, scope, where)
    elif isinstance(node, ast.A_Expr):
        _read_operator(reading, node, scope, where)
    elif isinstance(node, ast.NullTest):
        reading.read(node.arg, scope)
        operator = "IS NULL" if node.nulltesttype == enums.NullTestType.IS_NULL else "IS NOT NULL"
        for fixed in reading.keys(node.arg, scope):
            _add(reading, scope, where, fixed, "null", operator, None)
    elif isinstance(node, ast.BooleanTest):
        _read_boolean_test(reading, node, scope, where)
    elif isinstance(node, ast.SubLink):
        _read_sublink(reading, node, scope, where)
    elif isinstance(node, ast.ColumnRef):
        reading.read(node, scope)
        for fixed in reading.keys(node, scope):
            _add(reading, scope, where, fixed, "equality", "=", None, constant="true")
    elif isinstance(node, ast.FuncCall) and last_name(node.funcname) == "starts_with" and len(many(node.args)) == 2:
        left, right = many(node.args)
        reading.read(node.args, scope)
        for fixed in reading.keys(left, scope):
            _add(reading, scope, where, fixed, "prefix", "^@", right, constant=_constant(right))
    else:
        reading.read(node, scope)


def _read_boolean(reading: Reading, node: ast.BoolExpr, scope: Scope, where: Where) -> None:
    if node.boolop == enums.BoolExprType.AND_EXPR:
        for arg in many(node.args):
            read_condition(reading, arg, scope, where)
    elif node.boolop == enums.BoolExprType.OR_EXPR:
        common = _in_every_arm(node) if where.conjunct else frozenset[str]()
        for number, arm in enumerate(many(node.args)):
            for part in _anded(arm):
                shared = bool(common) and raw(part) in common
                if shared and number:
                    reading.read(part, scope)
                else:
                    read_condition(reading, part, scope, where if shared else _LOOSE)
    else:
        (arg,) = many(node.args)
        if isinstance(arg, ast.ColumnRef):
            reading.read(arg, scope)
            for fixed in reading.keys(arg, scope):
                _add(reading, scope, where, fixed, "equality", "=", None, constant="false")
        else:
            read_condition(reading, arg, scope, _LOOSE)


def _anded(node: object) -> tuple[Node, ...]:
    if isinstance(node, ast.BoolExpr) and node.boolop == enums.BoolExprType.AND_EXPR:
        return tuple(part for arg in many(node.args) for part in _anded(arg))
    return (cast("Node", node),)


def _in_every_arm(node: ast.BoolExpr) -> frozenset[str]:
    """Texts of the conditions that stand in every arm of an OR: the planner takes them out, as TPC-H 19 needs."""
    arms = [{raw(part) for part in _anded(arm)} for arm in many(node.args)]
    return frozenset(set[str].intersection(*arms)) if arms else frozenset()


def _read_boolean_test(reading: Reading, node: ast.BooleanTest, scope: Scope, where: Where) -> None:
    reading.read(node.arg, scope)
    kinds = enums.BoolTestType
    constant = {kinds.IS_TRUE: "true", kinds.IS_FALSE: "false"}.get(cast("enums.BoolTestType", node.booltesttype))
    for fixed in reading.keys(node.arg, scope):
        if constant:
            _add(reading, scope, where, fixed, "equality", "=", None, constant=constant)
        else:
            _add(reading, scope, where, fixed, "other", "IS", None)


def _read_sublink(reading: Reading, node: ast.SubLink, scope: Scope, where: Where) -> None:
    kinds = enums.SubLinkType
    operator = last_name(node.operName) or "="
    member = node.subLinkType == kinds.ANY_SUBLINK and operator == "="
    semi = where.conjunct and (member or node.subLinkType == kinds.EXISTS_SUBLINK)
    outputs = reading.read_sublink(node, scope, "where", conjunct=semi)
    if not member:
        return
    tests = many(node.testexpr.args) if isinstance(node.testexpr, ast.RowExpr) else (node.testexpr,)
    for test, origins in zip(tests, outputs.values(), strict=False):
        mark(origins)
        outer = reading.keys(test, scope)
        inner: list[Fixed] = [(column_key(origin), origin.use, 0, origin.pushable) for origin in origins]
        for fixed in outer:
            if not inner:
                _add(reading, scope, where, fixed, "join", "=", None)
            for other in inner:
                _add(reading, scope, where, fixed, "join", "=", None, other=other)
                _add(reading, scope, where, other, "join", "=", None, other=fixed)


def _read_operator(reading: Reading, node: ast.A_Expr, scope: Scope, where: Where) -> None:
    kinds = enums.A_Expr_Kind
    left, right, operator = node.lexpr, node.rexpr, last_name(node.name)
    match node.kind:
        case kinds.AEXPR_OP if isinstance(left, ast.RowExpr) and isinstance(right, ast.RowExpr):
            _read_rows(reading, operator, many(left.args), many(right.args), scope, where)
            return
        case kinds.AEXPR_OP if left is not None:
            kind: PredicateKind = _kind(operator, right)
        case kinds.AEXPR_OP_ANY:
            kind = "in" if operator == "=" else "other"
            operator = f"{operator} ANY"
        case kinds.AEXPR_IN if isinstance(left, ast.RowExpr):
            reading.read((left, right), scope)
            for part in many(left.args):
                for fixed in reading.keys(part, scope):
                    _add(reading, scope, _LOOSE, fixed, "in", "IN", None)
            return
        case kinds.AEXPR_IN:
            kind, operator = ("in", "IN") if operator == "=" else ("other", "NOT IN")
        case kinds.AEXPR_LIKE:
            kind = _like(right, reading) if operator == "~~" else "other"
        case kinds.AEXPR_ILIKE:
            kind = "wildcard" if operator == "~~*" else "other"
        case kinds.AEXPR_BETWEEN:
            low, high = many(right)
            _read_comparison(reading, scope, where, "range", ">=", left, low)
            _read_comparison(reading, scope, where, "range", "<=", left, high)
            return
        case _:
            kind = "other"
    _read_comparison(reading, scope, where, kind, operator, left, right)


def _kind(operator: str, right: object) -> PredicateKind:
    if operator == "=":
        return "equality"
    if operator in _RANGES:
        return "range"
    if operator in _CONTAINS:
        return "contains"
    if operator == "^@":
        return "prefix"
    if operator == "~" and (pattern := constant_string(right)) is not None:
        return "prefix" if pattern.startswith("^") and pattern[1:2].isalnum() else "wildcard"
    return "wildcard" if operator in ("~", "~*") else "other"


def _like(pattern: object, reading: Reading) -> PredicateKind:
    """A pattern that is a parameter counts as a wildcard one: nothing says that it has a fixed beginning."""
    text = constant_string(pattern)
    if text is None and (number := bare_parameter(pattern)) in reading.constants:
        text = reading.constants[number or 0].removeprefix("'")
    return "wildcard" if text is None or text[:1] in ("%", "_", "") else "prefix"


def _read_rows(
    reading: Reading, operator: str, left: tuple[Node, ...], right: tuple[Node, ...], scope: Scope, where: Where
) -> None:
    """`(a, b) = (…)` is an AND of equalities; of `(a, b) > (…)` an index is sure to serve the first column."""
    for place, (one, other) in enumerate(zip(left, right, strict=False)):
        if operator == "=":
            _read_comparison(reading, scope, where, "equality", "=", one, other)
        else:
            serves = place == 0 and operator in _RANGES
            _read_comparison(reading, scope, where if serves else _LOOSE, "range", operator, one, other)


def _read_comparison(
    reading: Reading, scope: Scope, where: Where, kind: PredicateKind, operator: str, left: object, right: object
) -> None:
    reading.read(left, scope)
    reading.read(right, scope)
    mine, theirs = reading.keys(left, scope), reading.keys(right, scope)
    if mine and theirs and kind in ("equality", "range"):
        _read_join(reading, scope, where, kind, operator, mine, theirs)
        return
    if not mine and theirs:
        if kind == "prefix":
            kind = "other"
        mine, left, right, operator = theirs, right, left, _FLIPPED.get(operator, operator)
    if kind in ("equality", "range") and _uses_siblings(right, scope):
        kind = "join" if kind == "equality" else "range"
    for fixed in mine:
        _add(reading, scope, where, fixed, kind, operator, right, constant=_constant(right))


def _uses_siblings(node: object, scope: Scope) -> bool:
    """Say whether a value side reads columns of this block (`a.x = b.y + c.z`), so that it is a join too."""
    if not isinstance(node, Node) or isinstance(node, ast.SubLink):
        return False
    if isinstance(node, ast.ColumnRef) and (path := names(node.fields)):
        found = resolve(scope, path)
        return found.known and found.level == 0
    return any(_uses_siblings(child, scope) for child in children(node))


def _read_join(
    reading: Reading, scope: Scope, where: Where, kind: PredicateKind, operator: str, mine: list[Fixed],
    theirs: list[Fixed],
) -> None:  # fmt: skip
    joined: PredicateKind = "join" if kind == "equality" else "range"
    flipped = _FLIPPED.get(operator, operator)
    for one in mine:
        for other in theirs:
            if one[1] is other[1]:
                _add(reading, scope, _LOOSE, one, "other", operator, None)
                continue
            _add_side(reading, scope, where, one, other, joined, operator)
            _add_side(reading, scope, where, other, one, joined, flipped)
            if operator == "=" and one[2] != other[2]:
                inner, outer = (one, other) if one[2] < other[2] else (other, one)
                _correlate(reading, scope, inner, outer)


def _add_side(
    reading: Reading, scope: Scope, where: Where, one: Fixed, other: Fixed, kind: PredicateKind, operator: str
) -> None:
    """A column of an outer block is only looked up from inside when the planner may turn a semi-join around."""
    if one[2] == 0 or (one[2] > other[2] and scope.semi):
        _add(reading, scope, where, one, kind, operator, None, other=other)


def _correlate(reading: Reading, scope: Scope, inner: Fixed, outer: Fixed) -> None:
    """Note a scalar or EXISTS sub-select between the two columns' blocks."""
    current, level = scope, inner[2]
    for _ in range(level):
        current = current.parent or current
    while current.parent is not None and level < outer[2]:
        if current.kind in ("scalar", "exists"):
            place = "exists" if current.kind == "exists" else current.place
            reading.correlated.append(
                Correlated(
                    current.block,
                    outer[1].block,
                    inner[1].table.qualified,
                    inner[0],
                    outer[0],
                    current.aggregate,
                    place,
                )
            )
            return
        current, level = current.parent, level + 1


def _constant(node: object) -> str | None:
    """Write the other side when it is a literal, casts and a sign included."""
    inner = node
    while isinstance(inner, ast.TypeCast):
        inner = inner.arg
    if isinstance(inner, ast.A_Expr) and inner.lexpr is None and last_name(inner.name) == "-":
        inner = inner.rexpr
    return expression(node) if isinstance(inner, ast.A_Const) else None


def _add(
    reading: Reading, scope: Scope, where: Where, fixed: Fixed, kind: PredicateKind, operator: str, value: object,
    *, constant: str | None = None, other: Fixed | None = None,
) -> None:  # fmt: skip
    key, use, _, pushable = fixed
    numbers = parameters(value)
    known = [reading.constants[number] for number in numbers if number in reading.constants]
    if constant is None and known and bare_parameter(value):
        constant = known[0]
    reading.predicates.append(
        Predicate(
            key=key, kind=kind, operator=operator, alias=use.alias, block=use.block,
            conjunct=pushable and where.holds(use, kind, operator), parameters=numbers, constant=constant,
            other=other[0] if other else None, other_alias=other[1].alias if other else None,
        )
    )  # fmt: skip
    for number in _compared(value):
        reading.parameter_keys.setdefault(number, (key, operator))


def _compared(value: object) -> tuple[int, ...]:
    """Numbers of the `$n` that a key is compared with directly: alone, in a list, in ARRAY[…]."""
    if isinstance(value, ast.A_ArrayExpr):
        return tuple(n for item in many(value.elements) if (n := bare_parameter(item)))
    if is_list(value):
        return tuple(n for item in many(value) if (n := bare_parameter(item)))
    number = bare_parameter(value)
    return (number,) if number else ()

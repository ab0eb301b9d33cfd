"""Writes a statement without its correlated scalar sub-selects: each becomes a join with an aggregate per key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pglast import ast, enums

from assay.sources.model import Schema
from assay.workload.rules.sublinks import Holder, Inner, Kept, is_correlated, is_outer, scalar_sublinks, tables_of
from assay.workload.statements.parse import parse
from assay.workload.statements.reading import AGGREGATES, VOLATILE
from assay.workload.statements.tree import Node, children, last_name, many, names, walk
from assay.workload.statements.writer import raw

_SAFE = frozenset({
    "count", "sum", "avg", "min", "max", "bool_and", "bool_or", "every", "stddev", "stddev_pop", "stddev_samp",
    "variance", "var_pop", "var_samp", "bit_and", "bit_or",
})  # fmt: skip
"""Aggregates that give the same whatever the order of rows, and NULL over none; count gives 0."""
_KINDS = enums.A_Expr_Kind


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A statement without correlated scalar sub-selects."""

    text: str
    replaced: int
    kept: tuple[str, ...] = ()
    """Why others were left, a sentence each."""


def decorrelate(text: str, schema: Schema) -> Rewritten:
    """Replace correlated scalar sub-selects by LEFT JOINs with one grouped sub-select each.

    `(SELECT count(*) FROM o WHERE o.k = u.id AND c)` becomes a join with
    `(SELECT k, count(*) FROM o WHERE c GROUP BY k)` on the key. It is the same for every outer row: each key has one
    group, so no row is doubled, whatever duplicates the outer key has; a key without rows, or NULL, finds no group
    and gives NULL as the sub-select did, and for count 0 through coalesce; both columns are of one type, so grouping
    and comparing agree. EXISTS and IN are left alone: the planner unnests those itself. Kim, "On optimizing an
    SQL-like nested query", TODS 1982, with the outer join that Ganski and Wong (SIGMOD 1987) added for count.

    Raises Kept with the reason when there is nothing to rewrite or none is certain to mean the same.
    """
    tree = parse(text).tree
    if tree is None:
        raise Kept("The text cannot be parsed.")
    reasons: list[str] = []
    replaced = 0
    common = {str(node.ctename) for node in walk(tree) if isinstance(node, ast.CommonTableExpr)}
    schema = schema.model_copy(update={"tables": tuple(t for t in schema.tables if t.name not in common)})
    words = _identifiers(tree)
    for select in [node for node in walk(tree) if isinstance(node, ast.SelectStmt)]:
        for holder, sublink in list(scalar_sublinks(select)):
            try:
                if not is_correlated(sublink, schema):
                    continue
                _replace(select, holder, sublink, schema, words)
                replaced += 1
            except Kept as reason:
                reasons.append(str(reason))
    if not replaced:
        raise Kept(reasons[0] if reasons else "There is no correlated scalar sub-select.")
    return Rewritten(raw(tree), replaced, tuple(dict.fromkeys(reasons)))


def _identifiers(tree: Node) -> set[str]:
    """Names of tables, columns and aliases; those of functions and types cannot clash with a column."""
    found: set[str] = set()
    for node in walk(tree):
        if isinstance(node, ast.ColumnRef | ast.Alias):
            found |= {*names(getattr(node, "fields", None)), *names(getattr(node, "colnames", None))}
        for name in ("relname", "aliasname", "name", "ctename"):
            value: object = getattr(node, name, None)
            if isinstance(value, str):
                found.add(value)
    return found


# the rewriting -------------------------------------------------------------------------------------------------------


def _replace(select: ast.SelectStmt, holder: Holder, sublink: ast.SubLink, schema: Schema, words: set[str]) -> None:
    query = sublink.subselect
    if not isinstance(query, ast.SelectStmt):
        raise Kept("It is no SELECT.")
    _check_outer(select, filters=holder.filters)
    _check_inner(query)
    inner = tables_of(many(query.fromClause), schema)
    outer = _tables_known(many(select.fromClause), schema)
    pairs, rest = _keys(query, inner, outer)
    _expand_stars(select)
    alias = _free("per_key", words)
    key_names = [_free(names(mine.fields)[-1] + "_key", words) for mine, _ in pairs]
    value, aggregates = _value(many(query.targetList)[0].val, alias, words, inner)
    targets = [ast.ResTarget(name=name, val=mine) for name, (mine, _) in zip(key_names, pairs, strict=True)]
    targets += [ast.ResTarget(name=name, val=call) for name, call in aggregates]
    grouped = ast.SelectStmt(
        targetList=tuple(targets), fromClause=query.fromClause, whereClause=_anded(rest),
        groupClause=tuple(mine for mine, _ in pairs), limitOption=enums.LimitOption.LIMIT_OPTION_DEFAULT,
        op=enums.SetOperation.SETOP_NONE,
    )  # fmt: skip
    on = _anded([_equal(_column(alias, name), theirs) for name, (_, theirs) in zip(key_names, pairs, strict=True)])
    _join(
        select, ast.RangeSubselect(lateral=False, subquery=grouped, alias=ast.Alias(aliasname=alias)), on, pairs, outer
    )
    holder.put(value)


def _check_outer(select: ast.SelectStmt, *, filters: bool) -> None:
    """One more column in FROM is fine for a filter; in the target list of a query that groups it is not."""
    if not select.fromClause or select.lockingClause:
        raise Kept("The query around it locks rows, or has none of its own.")
    if filters:
        return
    if select.groupClause or select.havingClause:
        raise Kept("The query around it groups rows, so a join may change what it means.")
    for target in many(select.targetList):
        for node in _own(target):
            if isinstance(node, ast.FuncCall) and last_name(node.funcname) in AGGREGATES and node.over is None:
                raise Kept("The query around it aggregates, so a join may change what it means.")


def _own(node: Node) -> Iterator[Node]:
    """A node and what is below it, without sub-selects."""
    yield node
    for child in children(node):
        if not isinstance(child, ast.SubLink | ast.SelectStmt):
            yield from _own(child)


def _check_inner(query: ast.SelectStmt) -> None:
    odd = (
        query.groupClause, query.havingClause, query.limitCount, query.limitOffset, query.distinctClause,
        query.withClause, query.windowClause, query.valuesLists, query.lockingClause, query.sortClause,
    )  # fmt: skip
    if any(odd) or query.op not in (None, enums.SetOperation.SETOP_NONE) or len(many(query.targetList)) != 1:
        raise Kept("The sub-select does more than compute one aggregate.")
    for node in walk(query):
        if isinstance(node, ast.SubLink):
            raise Kept("The sub-select holds another sub-select.")
        if isinstance(node, ast.FuncCall) and last_name(node.funcname) in VOLATILE:
            raise Kept("The sub-select calls a function that gives another value each time.")
        if isinstance(node, ast.A_Expr) and last_name(node.name) in ("/", "%"):
            raise Kept("The sub-select divides, which may fail for a key that it never looked at.")


def _tables_known(items: tuple[object, ...], schema: Schema) -> Inner:
    """The plain tables of the outer FROM list; other items are left out, and so can be no key."""
    found = Inner()
    for item in items:
        try:
            found.tables |= tables_of((item,), schema).tables
        except Kept:
            continue
    return found


def _keys(
    query: ast.SelectStmt, inner: Inner, outer: Inner
) -> tuple[list[tuple[ast.ColumnRef, ast.ColumnRef]], list[Node]]:
    """Split WHERE into equalities of an inner with an outer column, and conditions on inner columns alone."""
    pairs: list[tuple[ast.ColumnRef, ast.ColumnRef]] = []
    rest: list[Node] = []
    for part in _parts(query.whereClause):
        outside = [n for n in walk(part) if is_outer(n, inner)]
        if not outside:
            rest.append(part)
            continue
        plain = isinstance(part, ast.A_Expr) and part.kind == _KINDS.AEXPR_OP and names(part.name) == ("=",)
        left, right = (part.lexpr, part.rexpr) if isinstance(part, ast.A_Expr) else (None, None)
        if not plain or not isinstance(left, ast.ColumnRef) or not isinstance(right, ast.ColumnRef):
            raise Kept("It is tied to the outer query by more than equality of two columns.")
        mine, theirs = (right, left) if is_outer(left, inner) else (left, right)
        kinds = inner.type_of(mine), outer.type_of(theirs)
        if is_outer(mine, inner) or not outer.owns(theirs) or None in kinds or kinds[0] != kinds[1]:
            raise Kept("The two columns that tie it to the outer query are not known to be of one type.")
        pairs.append((mine, theirs))
    used = [n for n in walk(many(query.targetList)[0]) if is_outer(n, inner)]
    joined = [n for item in many(query.fromClause) for n in walk(item) if is_outer(n, inner)]
    if not pairs or used or joined:
        raise Kept("It uses outer columns in more than its WHERE.")
    return pairs, rest


def _parts(node: object) -> list[Node]:
    if isinstance(node, ast.BoolExpr) and node.boolop == enums.BoolExprType.AND_EXPR:
        return [part for arg in many(node.args) for part in _parts(arg)]
    return [node] if isinstance(node, Node) else []


def _value(target: object, alias: str, words: set[str], inner: Inner) -> tuple[Node, list[tuple[str, ast.FuncCall]]]:
    """Take the aggregates out of the target; return what stands in the outer query, and the aggregates by name."""
    found: list[tuple[str, ast.FuncCall]] = []

    def taken(node: object) -> Node:
        if isinstance(node, ast.FuncCall) and (function := last_name(node.funcname)) in AGGREGATES:
            if function not in _SAFE or node.over is not None or node.agg_within_group:
                raise Kept(f"What {function} gives may depend on the order of rows.")
            name = _free(function, words)
            found.append((name, node))
            column = _column(alias, name)
            return ast.CoalesceExpr(args=(column, _zero())) if function == "count" else column
        if isinstance(node, ast.ColumnRef):
            raise Kept("It may return more than one row: it is no aggregate.")
        if not isinstance(node, Node):
            raise Kept("It is no expression.")
        for member in node:
            value: object = getattr(node, member)
            if isinstance(value, Node) and not isinstance(value, ast.TypeName):
                setattr(node, member, taken(value))
            elif member == "args":
                setattr(node, member, tuple(taken(item) for item in many(value)))
        return node

    if not any(isinstance(n, ast.FuncCall) and last_name(n.funcname) in AGGREGATES for n in walk(_node(target))):
        raise Kept("It may return more than one row: it is no aggregate.")
    value = taken(target)
    del inner
    return value, found


def _node(value: object) -> Node:
    if isinstance(value, Node):
        return value
    raise Kept("It is no expression.")


def _zero() -> ast.A_Const:
    return ast.A_Const(isnull=False, val=ast.Integer(0))


def _column(alias: str, name: str) -> ast.ColumnRef:
    return ast.ColumnRef(fields=(ast.String(alias), ast.String(name)))


def _equal(left: Node, right: Node) -> ast.A_Expr:
    return ast.A_Expr(kind=_KINDS.AEXPR_OP, name=(ast.String("="),), lexpr=left, rexpr=right)


def _anded(parts: list[Node]) -> Node | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    return ast.BoolExpr(boolop=enums.BoolExprType.AND_EXPR, args=tuple(parts))


def _free(wanted: str, words: set[str]) -> str:
    """Find a name that stands nowhere in the statement."""
    name, number = wanted, 1
    while name in words:
        number += 1
        name = f"{wanted}_{number}"
    words.add(name)
    return name


def _expand_stars(select: ast.SelectStmt) -> None:
    """Write `*` as `a.*, b.*`, so that it does not take in the joined sub-select."""
    targets = many(select.targetList)
    if not any(_is_star(target.val) for target in targets):
        return
    aliases: list[str] = []
    for item in many(select.fromClause):
        aliases += _aliases(item)
    expanded: list[ast.ResTarget] = []
    for target in targets:
        if _is_star(target.val):
            expanded += [ast.ResTarget(val=ast.ColumnRef(fields=(ast.String(a), ast.A_Star()))) for a in aliases]
        else:
            expanded.append(target)
    select.targetList = tuple(expanded)


def _is_star(value: object) -> bool:
    return (
        isinstance(value, ast.ColumnRef)
        and len(many(value.fields)) == 1
        and isinstance(many(value.fields)[0], ast.A_Star)
    )


def _aliases(item: object) -> list[str]:
    if isinstance(item, ast.JoinExpr):
        if item.usingClause or item.isNatural or item.alias is not None:
            raise Kept("Its `*` merges columns of a join, which cannot be written out safely.")
        return _aliases(item.larg) + _aliases(item.rarg)
    alias = getattr(item, "alias", None)
    if isinstance(alias, ast.Alias):
        return [str(alias.aliasname)]
    if isinstance(item, ast.RangeVar):
        return [str(item.relname)]
    raise Kept("Its `*` cannot be written out.")


def _join(
    select: ast.SelectStmt, derived: ast.RangeSubselect, on: Node | None,
    pairs: list[tuple[ast.ColumnRef, ast.ColumnRef]], outer: Inner,
) -> None:  # fmt: skip
    """Put the LEFT JOIN behind the FROM item that holds the outer key; a key over several items is left."""
    items = list(many(select.fromClause))
    holders: set[int] = set()
    for _, theirs in pairs:
        path = list(names(theirs.fields))
        for place, item in enumerate(items):
            try:
                aliases = _plain_aliases(item)
            except Kept:
                continue
            for alias in aliases:
                if (alias == path[-2]) if len(path) > 1 else outer.holds(alias, path[-1]):
                    holders.add(place)
    if len(holders) != 1:
        raise Kept("Its keys come from several items of the outer FROM list.")
    place = holders.pop()
    items[place] = ast.JoinExpr(
        jointype=enums.JoinType.JOIN_LEFT, isNatural=False, larg=items[place], rarg=derived, quals=on, rtindex=0
    )
    select.fromClause = tuple(items)


def _plain_aliases(item: object) -> list[str]:
    if isinstance(item, ast.JoinExpr):
        return _plain_aliases(item.larg) + _plain_aliases(item.rarg)
    alias = getattr(item, "alias", None)
    return [str(alias.aliasname)] if isinstance(alias, ast.Alias) else [str(getattr(item, "relname", ""))]

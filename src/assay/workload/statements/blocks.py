"""Query blocks: FROM lists, WITH queries, set operations and sub-selects, bound to the live schema."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from pglast import ast, enums

from assay.workload.facts import SortKey
from assay.workload.statements.conditions import Where, read_condition
from assay.workload.statements.reading import AGGREGATES, Reading, mark
from assay.workload.statements.scope import (
    CommonTable,
    Origin,
    Origins,
    Place,
    Relation,
    Scope,
    ScopeKind,
    Use,
    resolve,
    whole_row,
)  # fmt: skip
from assay.workload.statements.tree import Node, constant_integer, last_name, many, names, walk
from assay.workload.statements.writer import expression

_ALL = Where(conjunct=True)


def read_select(
    reading: Reading, node: object, outer: Scope | None, kind: ScopeKind, *, place: Place = "where",
    semi: bool = False, tables: dict[str, CommonTable] | None = None,
) -> dict[str, Origins]:  # fmt: skip
    """Read one SELECT (a set operation, VALUES) as a block of its own; returns its output columns by name."""
    if not isinstance(node, ast.SelectStmt):
        return {}
    inherited = tables if tables is not None else (outer.tables if outer else {})
    scope = Scope(reading.block(), kind, outer, dict(inherited), place=place, semi=semi)
    read_with(reading, node.withClause, scope)
    if node.op not in (None, enums.SetOperation.SETOP_NONE):
        return _read_set_operation(reading, node, scope)
    for row in many(node.valuesLists):
        reading.read(row, scope)
    for item in many(node.fromClause):
        read_from(reading, item, scope)
    scope.aggregate = _single_aggregate(node)
    if node.whereClause is not None:
        read_condition(reading, node.whereClause, scope, _ALL)
    outputs = _read_targets(reading, node, scope)
    if node.havingClause is not None:
        read_condition(reading, node.havingClause, scope, Where(conjunct=False))
    _read_ordering(reading, node, scope)
    for clause in (node.limitCount, node.limitOffset):
        reading.read(clause, scope)
    return outputs if _transparent(node) else _sealed(outputs)


def _sealed(outputs: dict[str, Origins]) -> dict[str, Origins]:
    return {name: tuple(Origin(o.use, o.column, False) for o in origins) for name, origins in outputs.items()}


def _transparent(node: ast.SelectStmt) -> bool:
    """Say whether conditions on its output may be pushed into it: no LIMIT, window, DISTINCT ON."""
    if node.limitCount is not None or node.limitOffset is not None or any(d for d in many(node.distinctClause)):
        return False
    return not any(isinstance(n, ast.FuncCall) and n.over is not None for t in many(node.targetList) for n in walk(t))


def _single_aggregate(node: ast.SelectStmt) -> str | None:
    targets = many(node.targetList)
    if len(targets) == 1 and isinstance(call := targets[0].val, ast.FuncCall) and call.over is None:
        return expression(call) if last_name(call.funcname) in AGGREGATES else None
    return None


# WITH and set operations -----------------------------------------------------------------------------------------


def read_with(reading: Reading, clause: ast.WithClause | None, scope: Scope) -> None:
    """Read the WITH queries of a statement; later ones see earlier ones, and themselves when recursive."""
    for item in many(clause.ctes) if clause is not None else ():
        table = cast("ast.CommonTableExpr", item)
        name, query = str(table.ctename), table.ctequery
        kept = table.ctematerialized == enums.CTEMaterialize.CTEMaterializeAlways or (
            reading.references.get(name, 0) > 1 and table.ctematerialized != enums.CTEMaterialize.CTEMaterializeNever
        )
        aliases = names(table.aliascolnames)
        if isinstance(query, ast.SelectStmt):
            if clause is not None and clause.recursive:
                scope.tables[name] = CommonTable(dict.fromkeys(aliases, ()), unknown=not aliases)
            outputs = read_select(reading, query, scope, "derived")
        else:
            outputs = _read_changing_with(reading, query, scope)
            kept = True
        outputs = _renamed(outputs, aliases)
        for origins in outputs.values() if kept else ():
            mark(origins)
        scope.tables[name] = CommonTable(_sealed(outputs) if kept or (clause and clause.recursive) else outputs)


def _read_changing_with(reading: Reading, query: object, scope: Scope) -> dict[str, Origins]:
    if reading.change is None or not isinstance(query, Node):
        return {}
    return reading.change(reading, query, scope)


def _renamed(outputs: dict[str, Origins], aliases: tuple[str, ...]) -> dict[str, Origins]:
    if not aliases:
        return outputs
    found = list(outputs.items())
    return {
        (aliases[place] if place < len(aliases) else name): origins for place, (name, origins) in enumerate(found)
    } | dict.fromkeys(aliases[len(found) :], ())


def _read_set_operation(reading: Reading, node: ast.SelectStmt, scope: Scope) -> dict[str, Origins]:
    arms = [read_select(reading, arm, scope.parent, "derived", tables=scope.tables) for arm in (node.larg, node.rarg)]
    everything = bool(node.all) and node.op == enums.SetOperation.SETOP_UNION
    if not everything:
        for arm in arms:
            for origins in arm.values():
                mark(origins)
    second = list(arms[1].values())
    joined = {
        name: origins + (second[place] if place < len(second) else ())
        for place, (name, origins) in enumerate(arms[0].items())
    }
    limited = node.limitCount is not None or node.limitOffset is not None
    for clause in (node.limitCount, node.limitOffset):
        reading.read(clause, scope)
    if scope.parent is None or scope.kind != "derived":
        for origins in joined.values():
            mark(origins)
    return _sealed(joined) if limited else joined


# FROM ------------------------------------------------------------------------------------------------------------


def read_from(reading: Reading, item: object, scope: Scope) -> list[Use]:
    """Read one item of a FROM list into the scope; returns the base tables in it."""
    if isinstance(item, ast.RangeVar):
        return _read_table(reading, item, scope)
    if isinstance(item, ast.JoinExpr):
        return _read_join(reading, item, scope)
    if isinstance(item, ast.RangeSubselect):
        return _read_derived(reading, item, scope)
    if isinstance(item, ast.RangeTableSample):
        reading.read(item.args, scope)
        return read_from(reading, item.relation, scope)
    if isinstance(item, Node):
        reading.read(item, scope)
        alias = getattr(item, "alias", None)
        columns = names(alias.colnames) if isinstance(alias, ast.Alias) else ()
        name = str(alias.aliasname) if isinstance(alias, ast.Alias) else _function_name(item)
        scope.relations.append(Relation(name, dict.fromkeys(columns, ()), unknown=True))
    return []


def _function_name(item: Node) -> str:
    return next((last_name(node.funcname) for node in walk(item) if isinstance(node, ast.FuncCall)), "")


def _read_table(reading: Reading, item: ast.RangeVar, scope: Scope) -> list[Use]:
    name = str(item.relname)
    alias = str(item.alias.aliasname) if item.alias else name
    renames = names(item.alias.colnames) if item.alias else ()
    if item.schemaname is None and name in scope.tables:
        common = scope.tables[name]
        columns = _renamed(dict(common.columns), renames)
        scope.relations.append(Relation(alias, columns, unknown=common.unknown))
        return []
    table = reading.schema.find(name, item.schemaname)
    if table is None:
        reading.unbound[f"{item.schemaname}.{name}" if item.schemaname else name] = None
        scope.relations.append(Relation(alias, {}, schema=item.schemaname, unknown=True))
        return []
    use = Use(table, alias, scope.block)
    reading.uses.append(use)
    columns = _renamed({c.name: (Origin(use, c.name),) for c in table.columns}, renames)
    schema = None if item.alias else table.schema_name
    scope.relations.append(Relation(alias, columns, schema=schema, use=use))
    return [use]


def _read_derived(reading: Reading, item: ast.RangeSubselect, scope: Scope) -> list[Use]:
    outer = scope if item.lateral else scope.parent
    before = len(reading.uses)
    outputs = read_select(reading, item.subquery, outer, "derived", tables=scope.tables)
    alias = item.alias
    columns = _renamed(outputs, names(alias.colnames) if alias else ())
    scope.relations.append(Relation(str(alias.aliasname) if alias else "", columns))
    return reading.uses[before:]


@dataclass(frozen=True, slots=True)
class _Side:
    relations: tuple[Relation, ...]
    uses: list[Use]


def _read_join(reading: Reading, item: ast.JoinExpr, scope: Scope) -> list[Use]:
    sides: list[_Side] = []
    for arm in (item.larg, item.rarg):
        before = len(scope.relations)
        uses = read_from(reading, arm, scope)
        sides.append(_Side(tuple(scope.relations[before:]), uses))
    left, right = sides
    kinds = enums.JoinType
    nullable: list[Use] = []
    where = _ALL
    if item.jointype != kinds.JOIN_INNER:
        allowed = {kinds.JOIN_LEFT: right.uses, kinds.JOIN_RIGHT: left.uses}.get(
            cast("enums.JoinType", item.jointype), []
        )
        nullable = allowed or left.uses + right.uses
        where = Where(conjunct=True, uses=frozenset(id(use) for use in allowed), outer=True)
    shared = _shared_columns(item, left, right)
    for name in shared:
        _read_merged(reading, name, left, right, scope, where, kept_right=item.jointype == kinds.JOIN_RIGHT)
    if item.quals is not None:
        read_condition(reading, item.quals, scope, where)
    for use in nullable:
        use.nullable = True
    if item.alias is not None:
        relations = left.relations + right.relations
        columns = {name: origins for relation in relations for name, origins in relation.visible()}
        for relation in relations:
            relation.reachable = False
        renamed = _renamed(columns, names(item.alias.colnames))
        scope.relations.append(Relation(str(item.alias.aliasname), renamed))
    return left.uses + right.uses


def _shared_columns(item: ast.JoinExpr, left: _Side, right: _Side) -> tuple[str, ...]:
    if item.usingClause:
        return names(item.usingClause)
    if not item.isNatural:
        return ()
    mine = {name: None for relation in left.relations for name, _ in relation.visible()}
    theirs = {name for relation in right.relations for name, _ in relation.visible()}
    return tuple(name for name in mine if name in theirs)


def _read_merged(
    reading: Reading, name: str, left: _Side, right: _Side, scope: Scope, where: Where, *, kept_right: bool
) -> None:
    """Join on one column of USING or NATURAL, then hide it on one side so that the bare name is the merged one."""
    one, other = _holder(left.relations, name), _holder(right.relations, name)
    if one is None or other is None:
        return
    pair = ast.A_Expr(
        kind=enums.A_Expr_Kind.AEXPR_OP,
        name=(ast.String("="),),
        lexpr=ast.ColumnRef(fields=(ast.String("left"), ast.String(name))),
        rexpr=ast.ColumnRef(fields=(ast.String("right"), ast.String(name))),
    )
    sides = [Relation("left", {name: one.columns[name]}), Relation("right", {name: other.columns[name]})]
    inner = Scope(scope.block, scope.kind, scope.parent, scope.tables, sides, scope.place, scope.semi)
    read_condition(reading, pair, inner, where)
    hidden = one if kept_right else other
    hidden.hidden.add(name)


def _holder(relations: Iterable[Relation], name: str) -> Relation | None:
    return next((r for r in relations if r.reachable and name in r.columns and name not in r.hidden), None)


# targets and ordering ------------------------------------------------------------------------------------------------


def _read_targets(reading: Reading, node: ast.SelectStmt, scope: Scope) -> dict[str, Origins]:
    outputs: dict[str, Origins] = {}
    distinct = node.distinctClause is not None
    for target in many(node.targetList):
        value = target.val
        if isinstance(value, ast.ColumnRef):
            for name, origins in _read_target_column(reading, value, scope):
                outputs[str(target.name or name)] = origins
                if distinct or scope.kind in ("query", "scalar"):
                    mark(origins)
        else:
            reading.read(value, scope, "select")
            outputs[str(target.name or _implied_name(value, len(outputs)))] = ()
    for number, row in enumerate(many(node.valuesLists)[:1]):
        outputs |= {f"column{number + place + 1}": () for place, _ in enumerate(row)}
    return outputs


def _implied_name(value: object, place: int) -> str:
    while isinstance(value, ast.TypeCast):
        value = value.arg
    if isinstance(value, ast.FuncCall):
        return last_name(value.funcname)
    if isinstance(value, ast.CoalesceExpr | ast.CaseExpr):
        return "coalesce" if isinstance(value, ast.CoalesceExpr) else "case"
    return f"?column?{place}"


def _read_target_column(reading: Reading, value: ast.ColumnRef, scope: Scope) -> list[tuple[str, Origins]]:
    path = names(value.fields)
    if isinstance(many(value.fields)[-1], ast.A_Star):
        chosen = [whole_row(scope, path[-1])] if path else list(scope.relations)
        return [pair for relation in chosen if relation and relation.reachable for pair in relation.visible()]
    found = reading.found(scope, value)
    if not found.known and (row := whole_row(scope, path[-1])) is not None:
        reading.read_relation(row)
    if found.level:
        mark(found.origins)
    return [(path[-1], found.origins if found.level == 0 else ())]


def _read_ordering(reading: Reading, node: ast.SelectStmt, scope: Scope) -> None:
    targets = many(node.targetList)
    outputs = {str(target.name): target.val for target in targets if target.name}
    grouped = [*many(node.groupClause), *(many(node.distinctClause) if any(many(node.distinctClause)) else ())]
    if node.distinctClause is not None and not any(many(node.distinctClause)):
        grouped += [target.val for target in targets]
    for position, item in enumerate(grouped):
        _add_sort(reading, scope, _meant(item, targets, outputs, scope, inputs_first=True), position, None)
    order = many(node.sortClause)
    for position, item in enumerate(order):
        _add_sort(reading, scope, _meant(item.node, targets, outputs, scope), position, item)
    if not order and not grouped and len(targets) == 1:
        call = targets[0].val
        if isinstance(call, ast.FuncCall) and last_name(call.funcname) in ("min", "max") and call.over is None:
            _add_sort(reading, scope, next(iter(many(call.args)), None), 0, None, grouping=False)
    for window in (*many(node.windowClause),):
        reading.read(window, scope)


def _meant(
    item: object, targets: tuple[ast.ResTarget, ...], outputs: dict[str, object], scope: Scope,
    *, inputs_first: bool = False,
) -> object:  # fmt: skip
    """Return the expression behind an ordinal, an output's name or the expression itself."""
    ordinal = constant_integer(item)
    if ordinal is not None:
        return targets[ordinal - 1].val if 0 < ordinal <= len(targets) else None
    if isinstance(item, ast.ColumnRef) and len(path := names(item.fields)) == 1 and path[0] in outputs:
        found = resolve(scope, path)
        if not (inputs_first and found.known and found.level == 0):
            return outputs[path[0]]
    return item


def _add_sort(
    reading: Reading, scope: Scope, node: object, position: int, item: ast.SortBy | None, *, grouping: bool = True
) -> None:
    reading.read(node, scope)
    keys = [fixed for fixed in reading.keys(node, scope) if fixed[2] == 0]
    if len(keys) != 1:
        return
    key, use, _, _ = keys[0]
    if item is None:
        reading.sorts.append(SortKey(key, use.alias, use.block, position, grouping=grouping))
        return
    descending = item.sortby_dir == enums.SortByDir.SORTBY_DESC
    explicit = {enums.SortByNulls.SORTBY_NULLS_FIRST: True, enums.SortByNulls.SORTBY_NULLS_LAST: False}
    first = explicit.get(cast("enums.SortByNulls", item.sortby_nulls), descending)
    reading.sorts.append(SortKey(key, use.alias, use.block, position, descending, first))

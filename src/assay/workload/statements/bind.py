"""A whole statement bound to the live schema: SELECT, INSERT, UPDATE, DELETE and MERGE as `StatementFacts`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Literal

from pglast import ast

from assay.sources.model import Schema, Table
from assay.workload.facts import Key, StatementFacts, TableUse
from assay.workload.statements.blocks import read_from, read_select, read_with
from assay.workload.statements.conditions import Where, read_condition
from assay.workload.statements.parse import parse
from assay.workload.statements.reading import Reading
from assay.workload.statements.scope import Origin, Origins, Relation, Scope, Use
from assay.workload.statements.tree import Node, bare_parameter, many, names, parameters, walk
from assay.workload.statements.writer import quoted

Kind = Literal["select", "insert", "update", "delete", "other"]
_ALL = Where(conjunct=True)
_LOOSE = Where(conjunct=False)


def facts(statement: str | Node, schema: Schema, constants: Mapping[int, str] | None = None) -> StatementFacts:
    """Read what a statement says of itself.

    Args:
        statement: text, or the tree that `parse` gave. A text that cannot be parsed gives facts of kind "other".
        schema: the live schema that names are bound to.
        constants: SQL texts known to stand for some `$n` (a JSON key that pg_stat_statements took out).

    MERGE counts as an update. Values that INSERT and UPDATE write stand in `parameter_keys` under the operator ":=".
    """
    node = statement if isinstance(statement, Node) else parse(statement).tree
    if node is None:
        return StatementFacts("other")
    reading = Reading(schema, constants or {}, read_select, change=read_change)
    reading.references = Counter(str(item.relname) for item in walk(node) if isinstance(item, ast.RangeVar))
    kind: Kind = "other"
    if isinstance(node, ast.SelectStmt):
        kind = "select"
        read_select(reading, node, None, "query")
    elif isinstance(node, ast.InsertStmt | ast.UpdateStmt | ast.DeleteStmt | ast.MergeStmt):
        kind = _kind(node)
        read_change(reading, node, None)
    return _finished(reading, kind, node)


def _kind(node: Node) -> Kind:
    if isinstance(node, ast.InsertStmt):
        return "insert"
    return "delete" if isinstance(node, ast.DeleteStmt) else "update"


def _finished(reading: Reading, kind: Kind, node: Node) -> StatementFacts:
    return StatementFacts(
        kind=kind,
        tables=tuple(TableUse(u.table.qualified, u.alias, u.block, frozenset(u.columns)) for u in reading.uses),
        predicates=tuple(dict.fromkeys(reading.predicates)),
        sorts=tuple(reading.sorts),
        correlated=tuple(dict.fromkeys(reading.correlated)),
        writes=reading.writes,
        written_columns=frozenset(reading.written),
        limited=isinstance(node, ast.SelectStmt) and node.limitCount is not None,
        parameters=max(parameters(node), default=0),
        parameter_keys=reading.parameter_keys,
        unbound=tuple(reading.unbound),
    )


def read_change(reading: Reading, node: Node, outer: Scope | None) -> dict[str, Origins]:
    """Read an INSERT, UPDATE, DELETE or MERGE; returns what RETURNING gives, as output columns."""
    if not isinstance(node, ast.InsertStmt | ast.UpdateStmt | ast.DeleteStmt | ast.MergeStmt) or node.relation is None:
        return {}
    scope = Scope(reading.block(), "query", outer, dict(outer.tables) if outer else {})
    read_with(reading, node.withClause, scope)
    table = reading.schema.find(str(node.relation.relname), node.relation.schemaname)
    if isinstance(node, ast.InsertStmt):
        _read_insert(reading, node, scope, table)
    elif isinstance(node, ast.MergeStmt):
        _read_merge(reading, node, scope, table)
    else:
        read_from(reading, node.relation, scope)
        for item in many(node.fromClause if isinstance(node, ast.UpdateStmt) else node.usingClause):
            read_from(reading, item, scope)
        if isinstance(node, ast.UpdateStmt):
            _read_assignments(reading, many(node.targetList), scope, table)
        elif table is not None:
            reading.written.update(column.name for column in table.columns)
        if node.whereClause is not None:
            read_condition(reading, node.whereClause, scope, _ALL)
    if table is not None:
        reading.writes = table.qualified
    returning = getattr(node, "returningClause", None)
    exprs = many(returning.exprs) if isinstance(returning, ast.ReturningClause) else ()
    reading.read(exprs, scope)
    return {str(target.name or (names(target.val.fields) or ("",))[-1]): () for target in exprs
            if isinstance(target.val, ast.ColumnRef) or target.name}  # fmt: skip


def _target(scope: Scope, table: Table | None, alias: str, reading: Reading) -> None:
    """Let the rows that an INSERT writes be named (RETURNING, ON CONFLICT) without counting as a scan."""
    columns: dict[str, Origins] = {}
    if table is not None:
        use = Use(table, alias, scope.block)
        columns = {column.name: (Origin(use, column.name, False),) for column in table.columns}
    else:
        reading.unbound[alias] = None
    scope.relations.append(Relation(alias, columns, unknown=table is None))


def _read_insert(reading: Reading, node: ast.InsertStmt, scope: Scope, table: Table | None) -> None:
    listed = [str(target.name) for target in many(node.cols)]
    every = [column.name for column in table.columns] if table else []
    reading.written.update(every)
    source = node.selectStmt
    if isinstance(source, ast.SelectStmt):
        for row in many(source.valuesLists):
            for column, value in zip(listed or every, many(row), strict=False):
                _assign(reading, table, column, value)
        targets = many(source.targetList)
        for column, target in zip(listed or every, targets, strict=False):
            _assign(reading, table, column, target.val)
        read_select(reading, source, scope, "query")
    relation = node.relation
    alias = str(relation.alias.aliasname if relation and relation.alias else relation.relname if relation else "")
    _target(scope, table, alias, reading)
    conflict = node.onConflictClause
    if conflict is not None:
        if table is not None:
            excluded = Use(table, "excluded", scope.block)
            columns: dict[str, Origins] = {c.name: (Origin(excluded, c.name, False),) for c in table.columns}
            scope.relations.append(Relation("excluded", columns, hidden=set(columns)))
        _read_assignments(reading, many(conflict.targetList), scope, table)
        if conflict.whereClause is not None:
            reading.read(conflict.whereClause, scope)


def _read_assignments(reading: Reading, targets: tuple[ast.ResTarget, ...], scope: Scope, table: Table | None) -> None:
    for target in targets:
        reading.written.add(str(target.name))
        value = target.val
        if isinstance(value, ast.MultiAssignRef):
            sources = many(value.source.args) if isinstance(value.source, ast.RowExpr) else ()
            place = int(value.colno or 1) - 1
            if place < len(sources):
                _assign(reading, table, str(target.name), sources[place])
            if place == 0:
                reading.read(value.source, scope)
            continue
        _assign(reading, table, str(target.name), value)
        reading.read(value, scope)


def _assign(reading: Reading, table: Table | None, column: str, value: object) -> None:
    number = bare_parameter(value)
    if number and table is not None:
        key = Key(table.qualified, quoted(column), column, frozenset({column}))
        reading.parameter_keys.setdefault(number, (key, ":="))


def _read_merge(reading: Reading, node: ast.MergeStmt, scope: Scope, table: Table | None) -> None:
    mine = read_from(reading, node.relation, scope)
    read_from(reading, node.sourceRelation, scope)
    where = Where(conjunct=True, uses=frozenset(id(use) for use in mine), outer=True)
    if node.joinCondition is not None:
        read_condition(reading, node.joinCondition, scope, where)
    for clause in many(node.mergeWhenClauses):
        if clause.condition is not None:
            read_condition(reading, clause.condition, scope, _LOOSE)
        _read_assignments(reading, many(clause.targetList), scope, table)
        for target, value in zip(many(clause.targetList), many(clause.values), strict=False):
            _assign(reading, table, str(target.name), value)
        reading.read(clause.values, scope)

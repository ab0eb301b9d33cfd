"""What is gathered while one statement is read, and how its expressions become keys and columns read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pglast import ast, enums

from assay.sources.model import Schema
from assay.workload.facts import Correlated, Key, Predicate, SortKey
from assay.workload.statements.scope import (
    Found,
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
from assay.workload.statements.tree import Node, children, is_list, last_name, many, names
from assay.workload.statements.writer import index_key, quoted

AGGREGATES = frozenset({
    "count", "sum", "avg", "min", "max", "array_agg", "string_agg", "bool_and", "bool_or", "every", "json_agg",
    "jsonb_agg", "json_object_agg", "jsonb_object_agg", "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop",
    "var_samp", "bit_and", "bit_or", "percentile_cont", "percentile_disc", "mode", "corr", "xmlagg", "range_agg",
})  # fmt: skip
VOLATILE = frozenset({
    "random", "now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "timeofday", "nextval",
    "currval", "gen_random_uuid", "uuid_generate_v4", "setseed", "txid_current", "pg_sleep",
})  # fmt: skip
_RELABELLED = {
    ("varchar", "text"), ("text", "varchar"), ("varchar", "varchar"), ("text", "text"), ("cidr", "inet"),
    ("int4", "int4"), ("int8", "int8"), ("bool", "bool"), ("date", "date"), ("numeric", "numeric"), ("uuid", "uuid"),
    ("timestamp", "timestamp"), ("timestamptz", "timestamptz"), ("jsonb", "jsonb"),
}  # fmt: skip
"""Casts that the planner looks through, or that do nothing: (column's type, cast's type)."""
_SHORT = {
    "character varying": "varchar", "integer": "int4", "bigint": "int8", "boolean": "bool",
    "timestamp without time zone": "timestamp", "timestamp with time zone": "timestamptz",
}  # fmt: skip

SubSelect = Callable[..., "dict[str, Origins]"]
Fixed = tuple[Key, Use, int, bool]
"""A key, where it is used, how many blocks up, and whether a condition on it may be pushed to its scan."""


@dataclass(slots=True)
class Reading:
    """Everything found so far."""

    schema: Schema
    constants: Mapping[int, str]
    """SQL texts that are known to stand for a `$n`."""
    select: SubSelect
    """Reads a sub-select; given by the reader of blocks, which stands above conditions."""
    change: Callable[..., dict[str, Origins]] | None = None
    """Reads a data-changing WITH query."""
    uses: list[Use] = field(default_factory=list[Use])
    predicates: list[Predicate] = field(default_factory=list[Predicate])
    sorts: list[SortKey] = field(default_factory=list[SortKey])
    correlated: list[Correlated] = field(default_factory=list[Correlated])
    parameter_keys: dict[int, tuple[Key, str]] = field(default_factory=dict[int, tuple[Key, str]])
    unbound: dict[str, None] = field(default_factory=dict[str, None])
    blocks: int = 0
    writes: str | None = None
    written: set[str] = field(default_factory=set[str])
    references: Mapping[str, int] = field(default_factory=dict[str, int])
    """How often each name stands in a FROM list, to know which WITH queries are computed once and kept."""

    def block(self) -> int:
        """Number the next query block."""
        self.blocks += 1
        return self.blocks - 1

    def found(self, scope: Scope, column: ast.ColumnRef) -> Found:
        """Resolve a column reference; an unknown name is noted."""
        path = names(column.fields)
        found = resolve(scope, path)
        if not found.known and whole_row(scope, path[-1]) is None:
            self.unbound[".".join(path)] = None
        return found

    # columns read ---------------------------------------------------------------------------------------------

    def read(self, node: object, scope: Scope, place: Place = "where") -> None:
        """Mark every column that an expression reads, and read the sub-selects in it."""
        if is_list(node):
            for item in many(node):
                self.read(item, scope, place)
        elif isinstance(node, ast.ColumnRef):
            self._read_column(node, scope)
        elif isinstance(node, ast.SubLink):
            self.read_sublink(node, scope, place, conjunct=False)
        elif isinstance(node, ast.SelectStmt):
            self.select(self, node, scope, "scalar", place=place)
        elif isinstance(node, Node):
            for child in children(node):
                self.read(child, scope, place)

    def _read_column(self, node: ast.ColumnRef, scope: Scope) -> None:
        fields = many(node.fields)
        path = names(node.fields)
        if fields and isinstance(fields[-1], ast.A_Star):
            relations = [whole_row(scope, path[-1])] if path else scope.relations
            for relation in relations:
                self.read_relation(relation)
            return
        found = self.found(scope, node)
        mark(found.origins)
        if not found.known:
            self.read_relation(whole_row(scope, path[-1]))

    def read_relation(self, relation: Relation | None) -> None:
        """Mark every column of one FROM item as read."""
        if relation is not None and relation.reachable:
            for _, origins in relation.visible():
                mark(origins)

    def read_sublink(self, node: ast.SubLink, scope: Scope, place: Place, *, conjunct: bool) -> dict[str, Origins]:
        """Read a sub-select of an expression; returns its output columns."""
        kinds = enums.SubLinkType
        kind: ScopeKind = "scalar"
        if node.subLinkType == kinds.EXISTS_SUBLINK:
            kind, place = "exists", "exists"
        elif node.subLinkType in (kinds.ANY_SUBLINK, kinds.ALL_SUBLINK):
            kind = "in"
            self.read(node.testexpr, scope, place)
        outputs = self.select(self, node.subselect, scope, kind, place=place, semi=conjunct)
        for origins in outputs.values() if kind == "in" else ():
            mark(origins)
        return outputs

    # keys ------------------------------------------------------------------------------------------------------

    def keys(self, node: object, scope: Scope) -> list[Fixed]:
        """Return the keys that an expression is: a column (of each arm of a UNION), or one table's expression."""
        node = self._unwrapped(node, scope)
        if isinstance(node, ast.ColumnRef):
            if not names(node.fields) or isinstance(many(node.fields)[-1], ast.A_Star):
                return []
            found = resolve(scope, names(node.fields))
            return [(column_key(origin), origin.use, found.level, origin.pushable) for origin in found.origins]
        expression = self._expression(node, scope) if isinstance(node, Node) else None
        return [expression] if expression else []

    def _unwrapped(self, node: object, scope: Scope) -> object:
        """Take off casts that change nothing for the planner."""
        while isinstance(node, ast.TypeCast) and isinstance(node.arg, ast.ColumnRef):
            found = resolve(scope, names(node.arg.fields))
            if not found.origins or node.typeName is None or node.typeName.typmods or node.typeName.arrayBounds:
                break
            origin = found.origins[0]
            kind = next((c.type for c in origin.use.table.columns if c.name == origin.column), "")
            short = kind.partition("(")[0]
            if (_SHORT.get(short, short), last_name(node.typeName.names)) not in _RELABELLED:
                break
            node = node.arg
        return node

    def _expression(self, node: Node, scope: Scope) -> Fixed | None:
        columns: list[ast.ColumnRef] = []
        if not _indexable(node, columns) or not columns:
            return None
        found = [resolve(scope, names(column.fields)) for column in columns]
        if any(len(one.origins) != 1 or one.level for one in found):
            return None
        origins = [one.origins[0] for one in found]
        use = origins[0].use
        if any(origin.use is not use for origin in origins):
            return None
        named = {id(column): origin.column for column, origin in zip(columns, origins, strict=True)}
        text = index_key(node, lambda column: quoted(named[id(column)]), self.constants)
        key = Key(use.table.qualified, text, None, frozenset(origin.column for origin in origins))
        return key, use, 0, all(origin.pushable for origin in origins)


def column_key(origin: Origin) -> Key:
    """Return the key that one base column is."""
    return Key(origin.use.table.qualified, quoted(origin.column), origin.column, frozenset({origin.column}))


def mark(origins: Origins) -> None:
    """Note base columns as read."""
    for origin in origins:
        origin.use.columns.add(origin.column)


def _indexable(node: Node, columns: list[ast.ColumnRef]) -> bool:
    """Gather the columns of an expression; False when no index could hold it."""
    if isinstance(node, ast.ColumnRef):
        columns.append(node)
        return bool(names(node.fields)) and not isinstance(many(node.fields)[-1], ast.A_Star)
    if isinstance(node, ast.SubLink | ast.SetToDefault | ast.SQLValueFunction | ast.GroupingFunc):
        return False
    if isinstance(node, ast.FuncCall):
        if node.over is not None or node.agg_star or last_name(node.funcname) in AGGREGATES | VOLATILE:
            return False
        if node.agg_filter is not None or node.agg_order:
            return False
    return all(_indexable(child, columns) for child in children(node))

"""What a name in a statement can mean: the FROM lists around it, and the base columns behind their columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from assay.sources.model import Table

ScopeKind = Literal["query", "derived", "scalar", "exists", "in"]
Place = Literal["select", "where", "exists"]


@dataclass(slots=True, eq=False)
class Use:
    """A base table in a FROM list, while the statement is read."""

    table: Table
    alias: str
    block: int
    columns: set[str] = field(default_factory=set[str])
    nullable: bool = False
    """On the side of an outer join that may be filled with NULLs."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A base column that a name stands for."""

    use: Use
    column: str
    pushable: bool = True
    """A condition on the name may be pushed down to the column's scan."""


Origins = tuple[Origin, ...]
"""Several for a column of a set operation; none for a computed one."""


@dataclass(slots=True, eq=False)
class Relation:
    """One item of a FROM list."""

    name: str
    columns: dict[str, Origins]
    schema: str | None = None
    unknown: bool = False
    """Its columns are not known (a view, a function), so any name may be one of them."""
    hidden: set[str] = field(default_factory=set[str])
    """Columns that USING or NATURAL merged into those of the left side."""
    use: Use | None = None
    reachable: bool = True
    """False for what lies below an aliased join: only the join's alias can be named."""

    def visible(self) -> Iterator[tuple[str, Origins]]:
        """Yield the columns that `*` means here."""
        return ((name, origins) for name, origins in self.columns.items() if name not in self.hidden)


@dataclass(frozen=True, slots=True)
class CommonTable:
    """A WITH query, as others see it."""

    columns: Mapping[str, Origins]
    unknown: bool = False


@dataclass(slots=True, eq=False)
class Scope:
    """One query block and what its names can mean."""

    block: int
    kind: ScopeKind
    parent: Scope | None
    tables: dict[str, CommonTable]
    relations: list[Relation] = field(default_factory=list[Relation])
    place: Place = "where"
    """Where the sub-select stands in its parent."""
    semi: bool = False
    """An EXISTS or IN that is ANDed at the top of its parent: the planner may turn it around."""
    aggregate: str | None = None
    """The single aggregate that a scalar sub-select computes."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a column reference stands for."""

    origins: Origins
    level: int
    """How many scopes up: 0 is its own block."""
    scope: Scope
    known: bool = True
    """False when no relation has it and none is unknown either."""


def resolve(scope: Scope, path: tuple[str, ...]) -> Found:
    """Find what `a`, `t.a` or `s.t.a` stands for, innermost block first."""
    level = 0
    current: Scope | None = scope
    while current is not None:
        found = _in_block(current, path)
        if found is not None:
            return Found(found, level, current)
        current, level = current.parent, level + 1
    return Found((), 0, scope, known=False)


def whole_row(scope: Scope, name: str) -> Relation | None:
    """Find the relation whose rows a bare name (or `name.*`) stands for."""
    current: Scope | None = scope
    while current is not None:
        for relation in current.relations:
            if relation.name == name and relation.reachable:
                return relation
        current = current.parent
    return None


_SYSTEM = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})


def _in_block(scope: Scope, path: tuple[str, ...]) -> Origins | None:
    if len(path) == 1:
        return _unqualified(scope, path[0])
    *qualifiers, column = path
    for relation in scope.relations:
        if relation.name != qualifiers[-1] or not relation.reachable:
            continue
        if len(qualifiers) > 1 and relation.schema != qualifiers[-2]:
            continue
        if column in relation.columns:
            return relation.columns[column]
        return () if relation.unknown or column in _SYSTEM else None
    return None


def _unqualified(scope: Scope, name: str) -> Origins | None:
    for relation in scope.relations:
        if relation.reachable and name in relation.columns and name not in relation.hidden:
            return relation.columns[name]
    if any(relation.unknown for relation in scope.relations) or (name in _SYSTEM and scope.relations):
        return ()
    return None

"""What a name can mean at one place of a query: relations in FROM, merged columns, aliases, queries around."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot.expressions.core import Expr

Place = tuple[int, int]
"""A table of the graph, and a column of it."""


@dataclass(slots=True)
class Relation:
    """Something with columns: a table, a query, a function."""

    columns: list[tuple[str, Place | None]]
    """Folded names in order, "" where it has none; with the place in the graph if it is a table's own column."""
    table: int | None = None
    whole: bool = False
    """Whether its alias alone means a row of it (PostgreSQL)."""
    spelled: str = ""
    """Of a WITH query, its name as it is written there."""
    open: bool = False
    """Whether it may have other columns, too: nothing is known of the table behind it."""

    def has(self, name: str) -> bool:
        """Whether it has a column of that name, as far as is known."""
        return self.open or self.names(name)

    def names(self, name: str) -> bool:
        """Whether it is known to have a column of that name."""
        return any(name == one for one, _ in self.columns)

    def places(self, name: str) -> list[Place]:
        """Places in the graph of its columns of that name."""
        return [place for one, place in self.columns if one == name and place is not None]

    def renamed(self, names: list[str]) -> Relation:
        """The same with its first columns named anew."""
        rest = self.columns[len(names) :]
        named = [(name, place) for name, (_, place) in zip(names, self.columns, strict=False)]
        more = [(name, None) for name in names[len(self.columns) :]]
        return Relation([*named, *more, *rest], self.table, self.whole, open=self.open)


@dataclass(slots=True)
class Scope:
    """The names of one SELECT, and through `outer` those of the queries around it."""

    ctes: dict[str, Relation]
    outer: Scope | None = None
    sources: list[tuple[str, Relation]] = field(default_factory=list[tuple[str, Relation]])
    """Folded aliases in the order of FROM; "" for a relation without one."""
    schemas: dict[str, str] = field(default_factory=dict[str, str])
    """Folded schema of the sources that are tables named with no alias."""
    merged: set[str] = field(default_factory=set[str])
    """Columns of USING and NATURAL, which are one column though two relations have them."""
    aliases: set[str] = field(default_factory=set[str])
    """Names that the select list gives."""
    windows: set[str] = field(default_factory=set[str])

    def named(self, alias: str) -> Relation | None:
        """The relation of that alias, here or around."""
        scope: Scope | None = self
        while scope is not None:
            for name, relation in scope.sources:
                if name == alias and alias:
                    return relation
            scope = scope.outer
        return None

    def schema_of(self, alias: str) -> str | None:
        """The folded schema under which the relation of that alias may be named, or None."""
        scope: Scope | None = self
        while scope is not None:
            if any(name == alias for name, _ in scope.sources):
                return scope.schemas.get(alias)
            scope = scope.outer
        return None


def listed(node: Expr, name: str) -> list[Expr]:
    """The nodes of an argument that is a list, or none."""
    found: list[object] = node.args.get(name) or []
    return [one for one in found if isinstance(one, Expr)]

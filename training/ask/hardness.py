"""How hard a question is, by the parts of its gold SQL, after the criteria of Spider (Yu et al., EMNLP 2018)."""

from __future__ import annotations

from typing import Literal

from sqlglot import exp, parse_one

Hardness = Literal["easy", "medium", "hard", "extra"]


def hardness(sql: str) -> Hardness:
    """Count the parts: clauses and joins, nested and combined queries, and whatever there is more than one of."""
    tree = parse_one(sql, read="sqlite")
    outer = tree
    while isinstance(outer, exp.SetOperation):
        outer = outer.left
    assert isinstance(outer, exp.Select)
    nested = len(list(tree.find_all(exp.Select))) - 1
    where, joins = outer.args.get("where"), outer.args.get("joins") or []
    conditions = [one for part in (where, outer.args.get("having")) if part for one in _conditions(part.this)]
    parts = sum(outer.args.get(name) is not None for name in ("where", "group", "order", "limit")) + len(joins)
    parts += sum(isinstance(one, exp.Or) for part in (where,) if part for one in part.find_all(exp.Or))
    parts += sum(isinstance(one, exp.Like) for one in conditions)
    group = outer.args.get("group")
    several = (
        (len(list(outer.find_all(exp.AggFunc))) > 1)
        + (len(outer.expressions) > 1)
        + (len(conditions) > 1)
        + (group is not None and len(group.expressions) > 1)
    )
    return _class(parts, nested, several)


def _conditions(tree: exp.Expression) -> list[exp.Expression]:
    if isinstance(tree, exp.Connector):
        return [*_conditions(tree.left), *_conditions(tree.right)]
    return _conditions(tree.this) if isinstance(tree, exp.Paren | exp.Not) else [tree]


def _class(parts: int, nested: int, several: int) -> Hardness:
    if parts <= 1 and not several and not nested:
        return "easy"
    if not nested and ((several <= 2 and parts <= 1) or (parts <= 2 and several < 2)):
        return "medium"
    flat = not nested and ((several > 2 and parts <= 2) or (2 < parts <= 3 and several <= 2))
    return "hard" if flat or (parts <= 1 and not several and nested <= 1) else "extra"

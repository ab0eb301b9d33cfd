"""The server's own syntax tree, typed enough to walk: children, names, parameters, constants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeGuard, cast

from pglast import ast

Node = ast.Node


def is_list(value: object) -> TypeGuard[tuple[object, ...]]:
    """Say whether a member of a node is a list of nodes."""
    return isinstance(value, tuple)


def many(value: object) -> tuple[Any, ...]:
    """Return a list member of a node as a tuple; empty when it is absent."""
    return cast("tuple[Any, ...]", value) if isinstance(value, tuple) else ()


def children(node: Node) -> Iterator[Node]:
    """Yield the nodes directly below one, through lists and lists of lists."""
    for name in node:
        value: object = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from _flat(cast("tuple[object, ...]", value))


def _flat(values: tuple[object, ...]) -> Iterator[Node]:
    for value in values:
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from _flat(cast("tuple[object, ...]", value))


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything below it, parents first."""
    yield node
    for child in children(node):
        yield from walk(child)


def names(value: object) -> tuple[str, ...]:
    """Return the strings of a list of String nodes (a function's or operator's qualified name)."""
    return tuple(str(item.sval) for item in many(value) if isinstance(item, ast.String))


def last_name(value: object) -> str:
    """Return the last part of a qualified name, or ""."""
    found = names(value)
    return found[-1] if found else ""


def parameters(node: object) -> tuple[int, ...]:
    """Return the numbers of the `$n` in a tree (or a list of trees), each once, in order of appearance."""
    roots = (node,) if isinstance(node, Node) else many(node)
    seen: dict[int, None] = {}
    for root in roots:
        if isinstance(root, tuple):
            for number in parameters(cast("object", root)):
                seen[number] = None
            continue
        for item in walk(cast("Node", root)):
            if isinstance(item, ast.ParamRef) and item.number:
                seen[int(item.number)] = None
    return tuple(seen)


def bare_parameter(node: object) -> int | None:
    """Return the number of a `$n` that stands alone or under casts, else None."""
    while isinstance(node, ast.TypeCast):
        node = node.arg
    return int(node.number or 0) or None if isinstance(node, ast.ParamRef) else None


def constant_string(node: object) -> str | None:
    """Return the value of a string literal, under casts too, else None."""
    while isinstance(node, ast.TypeCast):
        node = node.arg
    if isinstance(node, ast.A_Const) and isinstance(node.val, ast.String):
        return str(node.val.sval)
    return None


def constant_integer(node: object) -> int | None:
    """Return the value of an integer literal, else None."""
    if isinstance(node, ast.A_Const) and isinstance(node.val, ast.Integer):
        return int(node.val.ival or 0)
    return None


def is_null(node: object) -> bool:
    """Say whether this is the literal NULL."""
    return isinstance(node, ast.A_Const) and bool(node.isnull)

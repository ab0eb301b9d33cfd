"""Which node of one tree is which node of another: the tree edit distance of Zhang and Shasha."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
_APART = 3.0
"""More than removing one and adding the other, so that two such nodes are never matched."""


class _Tree(Generic[Item]):
    """A tree in post-order, with the leftmost leaf below each node and the key roots of the algorithm."""

    def __init__(self, root: Item, children: Callable[[Item], Sequence[Item]]) -> None:
        self.items: list[Item] = []
        self.left: list[int] = []
        self._add(root, children)
        last = {left: place for place, left in enumerate(self.left)}
        self.keyroots = sorted(last.values())

    def _add(self, item: Item, children: Callable[[Item], Sequence[Item]]) -> int:
        lefts = [self._add(child, children) for child in children(item)]
        left = lefts[0] if lefts else len(self.items)
        self.items.append(item)
        self.left.append(left)
        return left


def align(
    before: Item,
    after: Item,
    children: Callable[[Item], Sequence[Item]],
    distance: Callable[[Item, Item], float | None],
) -> list[tuple[Item, Item]]:
    """Match nodes of two ordered trees so that the least has to be removed, added and changed.

    Args:
        before: the root of one tree.
        after: the root of the other.
        children: the nodes below one.
        distance: 0 for equal nodes, up to 2 for ones that may be matched, None for ones that may not.

    Zhang and Shasha, "Simple fast algorithms for the editing distance between trees", SIAM J. Comput. 1989. Time is
    O(n·m·depth²), a fraction of a second for plans of a hundred nodes.
    """
    one, two = _Tree(before, children), _Tree(after, children)
    rename = [[_APART if (d := distance(a, b)) is None else d for b in two.items] for a in one.items]
    trees = [[0.0] * len(two.items) for _ in one.items]
    for i in one.keyroots:
        for j in two.keyroots:
            _forest(one, two, i, j, rename, trees)
    pairs: list[tuple[int, int]] = []
    _trace(one, two, len(one.items) - 1, len(two.items) - 1, rename, trees, pairs)
    return [(one.items[a], two.items[b]) for a, b in pairs if rename[a][b] < _APART]


def _forest(
    one: _Tree[Item], two: _Tree[Item], i: int, j: int, rename: list[list[float]], trees: list[list[float]]
) -> list[list[float]]:
    """Fill the distances of the forests below two nodes; those that are whole trees go to `trees`."""
    left, top = one.left[i], two.left[j]
    rows, columns = i - left + 2, j - top + 2
    table = [[0.0] * columns for _ in range(rows)]
    for a in range(1, rows):
        table[a][0] = table[a - 1][0] + 1
    for b in range(1, columns):
        table[0][b] = table[0][b - 1] + 1
    for a in range(1, rows):
        x = left + a - 1
        for b in range(1, columns):
            y = top + b - 1
            gone, new = table[a - 1][b] + 1, table[a][b - 1] + 1
            if one.left[x] == left and two.left[y] == top:
                table[a][b] = min(gone, new, table[a - 1][b - 1] + rename[x][y])
                trees[x][y] = table[a][b]
            else:
                table[a][b] = min(gone, new, table[one.left[x] - left][two.left[y] - top] + trees[x][y])
    return table


def _trace(
    one: _Tree[Item], two: _Tree[Item], i: int, j: int, rename: list[list[float]], trees: list[list[float]],
    pairs: list[tuple[int, int]],
) -> None:  # fmt: skip
    """Walk back through the table of two nodes and note what was matched."""
    table = _forest(one, two, i, j, rename, trees)
    left, top = one.left[i], two.left[j]
    a, b = i - left + 1, j - top + 1
    while a > 0 and b > 0:
        x, y = left + a - 1, top + b - 1
        whole = one.left[x] == left and two.left[y] == top
        if whole and table[a][b] == table[a - 1][b - 1] + rename[x][y]:
            pairs.append((x, y))
            a, b = a - 1, b - 1
        elif not whole and table[a][b] == table[one.left[x] - left][two.left[y] - top] + trees[x][y]:
            _trace(one, two, x, y, rename, trees, pairs)
            a, b = one.left[x] - left, two.left[y] - top
        elif table[a][b] == table[a - 1][b] + 1:
            a -= 1
        else:
            b -= 1

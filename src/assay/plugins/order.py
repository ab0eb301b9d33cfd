"""Which kinds need each other: no kind may, over any number of others, need itself."""

from __future__ import annotations

from collections.abc import Mapping

from assay.plugins.stores.model import Kind


def way_back(name: str, kinds: Mapping[str, Kind]) -> tuple[str, ...]:
    """Return the way from a kind back to itself, `("a", "b", "a")`; empty when there is none."""
    seen: set[str] = set()

    def way(at: str, path: tuple[str, ...]) -> tuple[str, ...]:
        for next_ in kinds[at].dependencies if at in kinds else ():
            if next_ == name:
                return (*path, next_)
            if next_ not in seen:
                seen.add(next_)
                if found := way(next_, (*path, next_)):
                    return found
        return ()

    return way(name, (name,))


def needed(kinds: Mapping[str, Kind], known: Mapping[str, Kind]) -> dict[str, Kind]:
    """Return kinds and everything that they need; a kind that nobody describes is a name only."""
    found: dict[str, Kind] = {}
    left = list(kinds.values())
    while left:
        kind = left.pop()
        if kind.name not in found:
            found[kind.name] = kind
            left += [known.get(one) or Kind(name=one) for one in kind.dependencies]
    return found

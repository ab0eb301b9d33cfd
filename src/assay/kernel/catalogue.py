"""The catalogue: every operation of every capability that is installed, checked when the house starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from sqlalchemy import Table

from assay.kernel.context import Reaction
from assay.kernel.operation import Operation
from assay.kernel.policy import Policy
from assay.ports.errors import NotFound


@dataclass(frozen=True, slots=True)
class Schedule:
    """An operation that the house asks by itself, as the room, every so often."""

    operation: str
    every: timedelta


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a table keeps its rows, by which column, and the setting that says so."""

    table: Table
    column: str
    setting: str
    """Name of the setting, in days."""


@dataclass(frozen=True, slots=True)
class Capability:
    """One room, as its door hands it over."""

    name: str
    title: str
    """As the navigation shows it."""
    group: str
    """Answer, Database, Code, Operations or Ground."""
    operations: Sequence[Operation]
    package: str
    """Dotted name; its `migrations` folder holds the revisions of its tables."""
    reactions: Mapping[str, Sequence[Reaction]] = field(default_factory=dict[str, Sequence[Reaction]])
    """Event name -> what happens then."""
    announces: Sequence[str] = ()
    """Events, "room.FactInPastTense"."""
    tables: Sequence[Table] = ()
    retention: Sequence[Retention] = ()
    schedules: Sequence[Schedule] = ()
    uses: Sequence[str] = ()
    """Operations of siblings and higher rooms that this one calls by name."""
    replays: Sequence[str] = ()
    """Operations of this room with which evidence is replayed."""
    policies: Sequence[Policy] = ()
    """How much a caller may use of its operations, where the house's own limit is too much."""


class Catalogue:
    """All capabilities of one house.

    Raises ValueError at start when two share a name or a path, or one uses what is not there.
    """

    def __init__(self, capabilities: Sequence[Capability]) -> None:
        self.capabilities = tuple(capabilities)
        self._operations: dict[str, Operation] = {}
        routes: dict[tuple[str, str], str] = {}
        for capability in capabilities:
            for operation in capability.operations:
                if operation.room != capability.name:
                    raise ValueError(f"{operation.name} does not belong in the room {capability.name}")
                if operation.name in self._operations:
                    raise ValueError(f"{operation.name} is there twice")
                route = (operation.http.method, operation.http.path)
                if route in routes:
                    raise ValueError(f"{operation.name} and {routes[route]} share {' '.join(route)}")
                routes[route] = operation.name
                self._operations[operation.name] = operation
        self._check_references()
        self.reactions: Mapping[str, tuple[tuple[str, Reaction], ...]] = MappingProxyType(self._gather_reactions())

    def _check_references(self) -> None:
        for capability in self.capabilities:
            named = [*capability.uses, *capability.replays, *(s.operation for s in capability.schedules)]
            missing = [name for name in named if name not in self._operations]
            if missing:
                raise ValueError(f"{capability.name} uses {', '.join(missing)}, which nobody offers")

    def _gather_reactions(self) -> dict[str, tuple[tuple[str, Reaction], ...]]:
        announced = {event for capability in self.capabilities for event in capability.announces}
        gathered: dict[str, tuple[tuple[str, Reaction], ...]] = {}
        for capability in self.capabilities:
            for event, reactions in capability.reactions.items():
                if event not in announced:
                    raise ValueError(f"{capability.name} reacts to {event}, which nobody announces")
                gathered[event] = gathered.get(event, ()) + tuple((capability.name, r) for r in reactions)
        return gathered

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations.values())

    def __len__(self) -> int:
        return len(self._operations)

    def find(self, name: str) -> Operation:
        """Return an operation by name; NotFound names the nearest ones."""
        try:
            return self._operations[name]
        except KeyError:
            room = name.partition(".")[0]
            near = [known for known in self._operations if known.startswith(f"{room}.")] or sorted(self._operations)
            raise NotFound(f"There is no operation {name!r}.", known=near[:20]) from None

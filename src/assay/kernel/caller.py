"""Who calls: an id, roles that grant permissions, and scopes that say on what."""

from __future__ import annotations

from dataclasses import dataclass

from assay.ports.errors import Forbidden

GRANTS: dict[str, frozenset[str]] = {
    "viewer": frozenset({"*:read"}),
    "operator": frozenset(
        {
            "*:read",
            "ask:generate",
            "ask:run",
            "workload:scan",
            "workload:advise",
            "workload:measure",
            "evidence:replay",
            "jobs:cancel",
            "models:test",
            "plugins:query",
        }
    ),
    "admin": frozenset({"*:*"}),
    "room": frozenset({"*:*"}),
}
"""What each role may do; `room` is the identity under which reactions and schedules run."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A person, a program or a room."""

    id: str
    name: str
    roles: frozenset[str]
    scopes: frozenset[str] = frozenset({"*:*"})

    def may(self, needs: str | None) -> bool:
        """Whether one of the roles grants the permission "room:act"."""
        if needs is None:
            return True
        room, _, act = needs.partition(":")
        wanted = {needs, f"*:{act}", f"{room}:*", "*:*"}
        return any(wanted & GRANTS.get(role, frozenset()) for role in self.roles)

    def reaches(self, kind: str, thing: str) -> bool:
        """Whether the scopes cover one cluster, database or repository."""
        return not {f"{kind}:{thing}", f"{kind}:*", "*:*"}.isdisjoint(self.scopes)

    def require(self, kind: str, thing: str) -> None:
        """Raise Forbidden unless the scopes cover it."""
        if not self.reaches(kind, thing):
            raise Forbidden(f"{self.name} may not reach {kind} {thing}.", needs=f"{kind}:{thing}")


NOBODY = Caller("nobody", "nobody", frozenset(), frozenset())
"""Who has not signed in."""


def room_caller(room: str, scopes: frozenset[str] = frozenset({"*:*"})) -> Caller:
    """The identity under which a room's own reactions and schedules run."""
    return Caller(f"room:{room}", room, frozenset({"room"}), scopes)

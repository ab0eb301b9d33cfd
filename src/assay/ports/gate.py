"""Who stands behind a credential, and how much they may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from assay.ports.secret import Secret


@dataclass(frozen=True, slots=True)
class Identity:
    """Whoever a credential belongs to, as the gate knows them."""

    id: str
    name: str
    roles: frozenset[str]
    scopes: frozenset[str]
    """"database:s_1f3a", "database:*"."""


class Gate(Protocol):
    """Knows credentials."""

    async def identify(self, credential: Secret) -> Identity | None:
        """Return who it belongs to, or None when it is unknown, expired or revoked."""
        ...


class Limiter(Protocol):
    """Counts what callers use."""

    async def take(self, key: str, *, per_minute: float, burst: int) -> float:
        """Take one from the caller's bucket; return 0, or the seconds until there is one again."""
        ...

"""How much a caller may use of which operation: the policy table that `call` reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from assay.kernel.caller import Caller
from assay.ports.errors import Limited
from assay.ports.gate import Limiter


@dataclass(frozen=True, slots=True)
class Policy:
    """One row: operations by pattern, per caller or for all callers together."""

    operations: str
    """"workload.*", "*"."""
    per_minute: float
    burst: int
    together: bool = False
    """One bucket for all callers."""


SIGN_IN = Policy("accounts.sign_in", per_minute=20, burst=10, together=True)
"""Guessing a token must be hopeless."""


async def enforce(policies: Sequence[Policy], limiter: Limiter, caller: Caller, operation: str) -> None:
    """Take one from every bucket that the first matching row of each kind names; raise Limited when one is empty."""
    if caller.id.startswith("room:"):
        return
    for together in (False, True):
        rows = (p for p in policies if p.together is together and fnmatchcase(operation, p.operations))
        policy = next(rows, None)
        if policy is None:
            continue
        key = f"{'all' if together else caller.id}|{policy.operations}"
        wait = await limiter.take(key, per_minute=policy.per_minute, burst=policy.burst)
        if wait > 0:
            raise Limited(
                f"Too many calls of {operation}: {policy.per_minute:g} a minute, {policy.burst} at once.",
                retry_after=wait,
                per_minute=round(policy.per_minute),
            )

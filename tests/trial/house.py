"""A house on the real adapters in a folder of its own, with the throw-away room in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Select

from assay.accounts.capability import ACCOUNTS
from assay.accounts.gate import TokenGate
from assay.accounts.limits import Buckets
from assay.accounts.local import local_token
from assay.adapters.processes.children import Children
from assay.adapters.store.migrations import locations_of, migrate
from assay.adapters.store.sqlite import SqliteStore
from assay.adapters.vault.sealing import open_vault
from assay.adapters.workers.pool import WorkerPool
from assay.evidence.capability import EVIDENCE
from assay.evidence.ledger import SealedLedger
from assay.kernel.caller import Caller
from assay.kernel.catalogue import Capability
from assay.kernel.context import Ports
from assay.kernel.house import House, Probe
from assay.kernel.own import HOUSE, JOBS, AuditEntry
from assay.kernel.policy import Policy
from assay.ports.secret import Secret
from assay.runtime.settings import Settings
from assay.runtime.telemetry import set_up_traces
from trial.notes.capability import NOTES

ROOMS = (NOTES, EVIDENCE, ACCOUNTS)
ADMIN = Caller("user:ada", "ada", frozenset({"admin"}))
VIEWER = Caller("user:vic", "vic", frozenset({"viewer"}), frozenset({"database:s_1"}))


@dataclass
class Trial:
    """A house that is open, and how to look behind it."""

    house: House
    store: SqliteStore
    settings: Settings
    credential: Secret
    caller: Caller = field(default=ADMIN)

    async def ask(self, name: str, who: Caller | None = None, /, **asked: Any) -> Any:
        """Ask as the administrator, or as whoever is named."""
        return await self.house.call(name, asked, caller=who or self.caller)

    async def settle(self) -> None:
        """Wait until what was enqueued so far is committed."""
        await self.store.commit([lambda _: None])

    async def listened(self) -> None:
        """Wait until somebody listens for facts: they hear what is announced from then on."""

        async def anybody() -> bool:
            return bool(self.house.desk.outbox._listeners)  # no operation tells who listens

        await until(anybody)

    async def audit(self, **asked: Any) -> list[AuditEntry]:
        """The audit up to now, newest first."""
        await self.settle()
        return list((await self.ask("house.audit", **asked)).items)

    async def rows(self, query: Select[Any]) -> list[dict[str, Any]]:
        """Rows as they are committed."""
        return [dict(row) for row in await self.store.rows(query)]


@asynccontextmanager
async def open_trial(
    home: Path,
    *,
    rooms: Sequence[Capability] = ROOMS,
    background: bool = True,
    policies: Sequence[Policy] = (),
    probes: dict[str, Probe] | None = None,
    **changed: Any,
) -> AsyncIterator[Trial]:
    """Open a house in `home`, with limits that nobody meets unless they are named."""
    settings = Settings(home=home, **{"calls_per_minute": 1e6, "calls_burst": 100_000, **changed})
    set_up_traces(None, "0.test")
    home.mkdir(mode=0o700, parents=True, exist_ok=True)  # noqa: ASYNC240 - before anything runs
    migrate(settings.database, locations_of([room.package for room in (*rooms, JOBS, HOUSE)]))
    store = SqliteStore(settings.database)
    vault = open_vault(settings.key_path)
    ledger = SealedLedger(store, vault)
    children = Children()
    gate = TokenGate(store, timedelta(days=settings.keep_sessions_days))
    house = House(
        rooms,
        ports=Ports(store=store, ledger=ledger, vault=vault, workers=WorkerPool(children), more={TokenGate: gate}),
        gate=gate,
        limiter=Buckets(store),
        settings=settings,
        version="0.test",
        policies=policies,
        probes=probes,
        closers=(children.close,),
    )
    await house.open(background=background)
    try:
        yield Trial(house, store, settings, await local_token(store, settings.token_file))
    finally:
        await house.close()


async def until(true: Callable[[], Awaitable[Any]], *, within_s: float = 20.0) -> Any:
    """Ask again and again until the answer is true; fail when it does not become so."""
    async with asyncio.timeout(within_s):
        while not (answer := await true()):  # noqa: ASYNC110 - what it waits for is in another process or a table
            await asyncio.sleep(0.02)
    return answer

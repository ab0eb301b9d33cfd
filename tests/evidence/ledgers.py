"""A ledger on a real SQLite file, for the tests of this folder."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from assay.adapters.store.migrations import locations_of, migrate
from assay.adapters.store.sqlite import SqliteStore
from assay.adapters.vault.sealing import SealingVault, open_vault
from assay.evidence.checkpoint import checkpoint
from assay.evidence.expire import expire
from assay.evidence.ledger import SealedLedger
from assay.evidence.model import Verification
from assay.evidence.verify import verify
from assay.kernel.values import now
from assay.ports.ledger import Proof, Tried

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Home:
    """A folder with a database and a key; `copy` gives one that a test may ruin."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "assay.db"

    def vault(self) -> SealingVault:
        return open_vault(self.folder / "keys" / "master.key")

    def open(self) -> SqliteStore:
        return SqliteStore(self.database, durable=False)

    def copy(self, to: Path) -> Home:
        shutil.copytree(self.folder, to)
        return Home(to)

    def run(self, act: Callable[[SqliteStore, SealingVault], Awaitable[Answer]]) -> Answer:
        """Do something with the store open, and close it: afterwards everything is in the one file."""

        async def go() -> Answer:
            store = self.open()
            try:
                return await act(store, self.vault())
            finally:
                await store.close()

        return asyncio.run(go())

    def verify(self) -> Verification:
        return self.run(lambda store, vault: verify(store, vault, asyncio.to_thread))


def new_home(folder: Path) -> Home:
    folder.mkdir(parents=True, exist_ok=True)
    migrate(folder / "assay.db", locations_of(["assay.evidence"]))
    return Home(folder)


def proof(n: int, **more: Any) -> Proof:
    given: dict[str, Any] = {
        "kind": "workload.index",
        "subject": f"rec_{n % 7}",
        "claim": f"An index on orders(größe, №{n}) makes 3 queries cheaper",
        "checks": [Tried("Planned with it", True, "0 of 37 dearer", 1.25), Tried("Used by the plan", n % 5 != 0)],
        "facts": {"before": 100.5 + n, "after": n, "ddl": "CREATE INDEX …", "none": None, "deep": {"list": [1, "😀"]}},
        "reproduce": "EXPLAIN SELECT 1;",
        "replay": ("workload.recheck", {"id": f"rec_{n % 7}"}) if n % 2 else None,
        "valid_for": timedelta(hours=1) if n % 3 else None,
    }
    return Proof(**{**given, **more})


def fill(home: Home) -> None:
    """Two writers that take turns, checkpoints between, some contents expired: 48 entries, 4 checkpoints."""

    async def act(store: SqliteStore, vault: SealingVault) -> None:
        ledgers = [SealedLedger(store, vault), SealedLedger(store, vault)]
        number = 0
        for part in range(4):
            for turn in range(4):
                for ledger in ledgers:
                    size = 1 + turn % 2
                    await ledger.record([proof(number + n) for n in range(size)])
                    number += size
            await checkpoint(store, vault)
            if part == 0:
                await expire(store, vault, now() + timedelta(seconds=1))

    home.run(act)

"""A process that writes evidence until it is told to stop, or killed, and prints each id that was acknowledged.

Run as `recorder.py HOME [TIMES]`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from assay.adapters.store.sqlite import SqliteStore
from assay.adapters.vault.sealing import open_vault
from assay.evidence.checkpoint import checkpoint
from assay.evidence.ledger import SealedLedger
from assay.ports.ledger import Proof, Tried


async def main(home: Path, times: int | None) -> None:
    """Record one proof at a time from three tasks, with a checkpoint now and then."""
    store = SqliteStore(home / "assay.db", wait_s=60)
    vault = open_vault(home / "keys" / "master.key")
    ledger = SealedLedger(store, vault)

    async def one(number: int) -> None:
        proof = Proof("recorder.note", f"n{number}", "It was so.", [Tried("Looked", True)], {"number": number})
        for id in await ledger.record([proof]):
            print(id, flush=True)

    number = 0
    while times is None:
        await asyncio.gather(*(one(number + n) for n in range(3)))
        number += 3
        if number % 15 == 0:
            await checkpoint(store, vault)
    for number in range(times):
        await one(number)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None))

"""How fast evidence is written and verified, as one line of JSON.

`python benchmarks/ledger.py [ENTRIES]`: entries per second one after the other, many at once and in bulk, each durable
(synchronous=FULL) when it counts; entries per second verified; milliseconds that a reader of one entry waits.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop
from sqlalchemy import select

from assay.adapters.store.migrations import locations_of, migrate
from assay.adapters.store.sqlite import SqliteStore
from assay.adapters.vault.sealing import open_vault
from assay.evidence._store import entries, raw_entries
from assay.evidence.ledger import SealedLedger
from assay.evidence.verify import verify
from assay.ports.ledger import Proof, Tried


def proof(n: int) -> Proof:
    """A proof of the size that an index's advice writes."""
    return Proof(
        "workload.index",
        f"rec_{n}",
        f"CREATE INDEX ON orders (user_id, status) makes query {n} 87 % cheaper and no other query dearer",
        [Tried("Planned with the hypothetical index", True, "0 of 37 dearer", 3.2), Tried("Used by its plan", True)],
        {"cost_before": 1234.5 + n, "cost_after": 160.25, "index_bytes": 22_544_384, "server": "15.18"},
        "SELECT hypopg_create_index('CREATE INDEX ON orders (user_id, status)');\nEXPLAIN SELECT 1;",
        ("workload.recheck", {"id": f"rec_{n}"}),
    )


async def took(act: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await act()
    return time.perf_counter() - began


async def main(size: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        path = Path(folder) / "assay.db"
        migrate(path, locations_of(["assay.evidence"]))
        store, vault = SqliteStore(path), open_vault(Path(folder) / "keys" / "master.key")
        ledger = SealedLedger(store, vault)
        await ledger.record([proof(0)])
        each = [await took(lambda n=n: ledger.record([proof(n)])) for n in range(300)]
        before = store.commits
        many = await took(lambda: asyncio.gather(*(ledger.record([proof(n)]) for n in range(2_000))))
        groups = store.commits - before
        bulk = 0.0
        for start in range(0, size, 500):
            proofs = [proof(n) for n in range(start, start + 500)]
            bulk += await took(lambda proofs=proofs: ledger.record(proofs))
        one = raw_entries().where(entries.c.number == 7)
        reads = [await took(lambda: store.rows(one)) for _ in range(500)]
        found = await verify(store, vault, asyncio.to_thread)
        assert found.whole, found.broken
        counted = len(await store.rows(select(entries.c.number)))
        await store.close()
        return {
            "benchmark": "ledger",
            "entries": counted,
            "bytes_per_entry": round(path.stat().st_size / counted),
            "record_one_p50_ms": round(statistics.median(each) * 1e3, 3),
            "record_one_p95_ms": round(statistics.quantiles(each, n=20)[18] * 1e3, 3),
            "record_at_once_per_s": round(2_000 / many),
            "record_at_once_commits": groups,
            "record_bulk_per_s": round(size / bulk),
            "read_one_p50_ms": round(statistics.median(reads) * 1e3, 3),
            "verify_per_s": round(found.checked / found.took_ms * 1e3),
        }


if __name__ == "__main__":
    print(json.dumps(uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))))

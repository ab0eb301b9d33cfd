"""A process that the store's tests start, and kill: it writes until it is stopped, and says what was acknowledged.

Run as `store_writer.py acknowledge FILE` or `store_writer.py count FILE TIMES`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, Text, insert, select, update

from assay.adapters.store.sqlite import SqliteStore
from assay.ports.store import Change, Transaction

metadata = MetaData()
halves = Table("halves", metadata, Column("id", Integer, primary_key=True), Column("of", Integer, nullable=False))
counters = Table("counters", metadata, Column("name", Text, primary_key=True), Column("value", Integer, nullable=False))
children = Table("children", metadata, Column("id", ForeignKey(counters.c.name), primary_key=True))


async def acknowledge(path: Path) -> None:
    """Commit units of two rows, several at a time, and print each number once it is durable."""
    store = SqliteStore(path)

    async def one(number: int) -> None:
        rows = [{"id": 2 * number, "of": number}, {"id": 2 * number + 1, "of": number}]
        await store.commit([Change(insert(halves).values(row), expect=1) for row in rows])
        print(number, flush=True)

    first = max([row["of"] for row in await store.rows(select(halves.c.of))], default=-1) + 1
    while True:
        await asyncio.gather(*(one(number) for number in range(first, first + 10)))
        first += 10


async def count(path: Path, times: int) -> None:
    """Add 1 to a counter, reading it inside the writer's transaction."""
    store = SqliteStore(path, wait_s=60)

    def add(transaction: Transaction) -> None:
        value = transaction.rows(select(counters.c.value).where(counters.c.name == "both"))[0]["value"]
        transaction.run(update(counters).where(counters.c.name == "both").values(value=value + 1))

    for _ in range(times):
        await store.commit([add])
    await store.close()


if __name__ == "__main__":
    if sys.argv[1] == "acknowledge":
        asyncio.run(acknowledge(Path(sys.argv[2])))
    else:
        asyncio.run(count(Path(sys.argv[2]), int(sys.argv[3])))

"""Lets old contents go: the entry and its digest stay in the chain, marked as expired by us."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from sqlalchemy import delete, select, update

from assay.evidence import chain
from assay.evidence._store import entries, payloads
from assay.kernel.values import now
from assay.ports.store import Store, Transaction
from assay.ports.vault import Vault

_STEP = 200
"""Contents per commit: some 20 ms of the writer."""


async def expire(store: Store, vault: Vault, before: datetime) -> int:
    """Drop the contents of entries written before an instant; return how many.

    A content that is missing without our mark stays a fault of the ledger: the mark is a code under the vault's key.
    """
    dropped = 0
    old = (
        select(entries.c.number)
        .join(payloads, payloads.c.number == entries.c.number)
        .where(entries.c.at < chain.stamp(before), entries.c.expired_at.is_(None))
        .order_by(entries.c.at)
        .limit(_STEP)
    )
    while numbers := [row["number"] for row in await store.rows(old)]:
        await store.commit([partial(_drop, vault.key(chain.KEY), numbers)])
        dropped += len(numbers)
    return dropped


def _drop(key: bytes, numbers: list[int], transaction: Transaction) -> None:
    at = chain.stamp(now())
    for row in transaction.rows(select(entries.c.number, entries.c.mac).where(entries.c.number.in_(numbers))):
        mark = chain.expiry_code(key, row["number"], row["mac"], at)
        this = update(entries).where(entries.c.number == row["number"])
        transaction.run(this.values(expired_at=at, expired_mac=mark))
    transaction.run(delete(payloads).where(payloads.c.number.in_(numbers)))

"""Token buckets, kept in memory and written behind: a crash gives nobody more than a quarter of a burst back."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from assay.accounts._store import usage
from assay.kernel.values import now
from assay.ports.store import Change, Store

WRITE_EVERY_S = 5.0
MOST = 50_000


@dataclass(slots=True)
class _Bucket:
    full_at: float
    """When the bucket is full again, seconds since the epoch."""
    calls: int
    written_at: float = 0.0
    written: float = 0.0
    """`full_at` as it was written last."""


class Buckets:
    """Implements ports.gate.Limiter as the generic cell rate algorithm (ITU-T I.371): one number a key."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    async def take(self, key: str, *, per_minute: float, burst: int) -> float:
        """Take one; return 0, or the seconds until there is one again."""
        bucket = self._buckets.get(key) or await self._load(key)
        self._buckets.move_to_end(key)
        at, each = time.time(), 60.0 / per_minute
        # Not above a full burst from now: the clock may have been set back, or the limit lowered.
        full_at = min(max(bucket.full_at, at), at + burst * each) + each
        wait = full_at - at - burst * each
        if wait > 1e-9:
            return wait
        bucket.full_at = full_at
        bucket.calls += 1
        if at - bucket.written_at > WRITE_EVERY_S or full_at - bucket.written > burst * each / 4:
            bucket.written_at, bucket.written = at, full_at
            row = insert(usage).values(key=key, full_at=full_at, calls=bucket.calls, at=now())
            self._store.enqueue([Change(delete(usage).where(usage.c.key == key)), Change(row)])
        return 0.0

    async def _load(self, key: str) -> _Bucket:
        rows = await self._store.rows(select(usage).where(usage.c.key == key))
        bucket = _Bucket(rows[0]["full_at"], rows[0]["calls"]) if rows else _Bucket(0.0, 0)
        bucket = self._buckets.setdefault(key, bucket)
        while len(self._buckets) > MOST:
            self._buckets.popitem(last=False)
        return bucket

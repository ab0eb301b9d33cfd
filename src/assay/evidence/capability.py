"""The door of the ledger."""

from __future__ import annotations

from datetime import timedelta

from assay.evidence import _store, operations
from assay.kernel.catalogue import Capability, Schedule

EVIDENCE = Capability(
    name="evidence",
    title="Evidence",
    group="Ground",
    operations=(
        operations.get,
        operations.list_evidence,
        operations.verify,
        operations.replay,
        operations.checkpoint,
        operations.expire,
    ),
    package="assay.evidence",
    tables=(_store.entries, _store.payloads, _store.checkpoints, _store.writers),
    schedules=(
        Schedule("evidence.checkpoint", timedelta(minutes=1)),
        Schedule("evidence.expire", timedelta(hours=6)),
    ),
)

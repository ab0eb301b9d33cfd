"""Binds all chains together once a minute, so that none can disappear alone."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from functools import partial

from sqlalchemy import insert, select

from assay.evidence import chain
from assay.evidence._store import checkpoints, writers
from assay.evidence.ledger import head_of
from assay.evidence.notes import CHECKPOINTS, Note, take_up, write_note
from assay.kernel.values import now
from assay.ports.store import Store, Transaction
from assay.ports.vault import Vault
from assay.runtime.telemetry import log

_log = log(__name__)


@dataclass(slots=True)
class _Slip:
    note: Note | None = None


async def checkpoint(store: Store, vault: Vault) -> int | None:
    """Sign where every chain ends now; return the checkpoint's number, None when nothing was written since the last.

    Raises Unavailable when it cannot be written.
    """
    slip = _Slip()
    await store.commit([partial(_sign, vault, slip)])
    if slip.note is None:
        return None
    await asyncio.to_thread(write_note, vault, vault.key(chain.KEY), slip.note)
    return slip.note.number


def _sign(vault: Vault, slip: _Slip, transaction: Transaction) -> None:
    key, at = vault.key(chain.KEY), chain.stamp(now())
    heads = {
        row["writer"]: head
        for row in transaction.rows(select(writers.c.writer).order_by(writers.c.writer))
        if (head := head_of(transaction, row["writer"])) is not None
    }
    text = json.dumps(heads, separators=(",", ":"))
    last = transaction.rows(select(checkpoints).order_by(checkpoints.c.number.desc()).limit(1))
    if not heads or (last and last[0]["heads"] == text):
        return
    end = (last[0]["number"], last[0]["number"], last[0]["mac"]) if last else None
    note = take_up(vault, key, CHECKPOINTS, end, noticed=at)
    if note.cuts:
        _log.error("the checkpoints were cut off", cut=note.cuts[-1])
    number, before = (end[0] + 1, end[2]) if end else (1, "")
    mac = chain.checkpoint_code(key, number, at, text, before)
    row = {"number": number, "at": at, "heads": text, "before": before, "mac": mac}
    transaction.run(insert(checkpoints).values(row))
    slip.note = note.at(number, number, mac)

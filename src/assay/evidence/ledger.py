"""Writes checks down: the ledger that every answer cites, on our own database and vault."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import Select, func, insert, select, update

from assay.evidence import chain
from assay.evidence._store import entries, payloads, writers
from assay.evidence.notes import WRITERS, Note, behind, read_note, take_up, write_note
from assay.kernel.values import now
from assay.ports.errors import Unavailable
from assay.ports.ledger import Proof
from assay.ports.store import Store, Transaction
from assay.ports.vault import Vault
from assay.runtime.jobs import holder, is_dead
from assay.runtime.telemetry import log

LEASE = timedelta(seconds=60)
_REMEMBERED = 20_000
_log = log(__name__)


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A proof, ready to be written."""

    proof: Proof
    claim: str
    subject: str
    digest: str
    content: bytes


@dataclass(slots=True)
class _Slip:
    """What the writer's transaction tells the one who waits for its commit."""

    numbers: tuple[int, ...] = ()
    note: Note | None = None
    """How the note beside the key must read once the commit is durable."""


class SealedLedger:
    """Keeps the promises of `ports.ledger.Ledger`.

    Each process writes a chain of its own, under a lease on one of sixteen names; a lease that lapsed, or whose holder
    has died, is taken over. `record` returns once the entries are durable and the note beside the key says so.
    """

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault
        self._key = vault.key(chain.KEY)
        self._me = f"{holder()} {secrets.token_hex(4)}"
        self._committed: Note | None = None
        """The chain as far as we know it durable."""
        self._noted: Note | None = None
        """The note beside the key as we last wrote it."""
        self._noting = asyncio.Lock()
        self._known: OrderedDict[str, None] = OrderedDict()

    async def record(self, proofs: Sequence[Proof]) -> tuple[str, ...]:
        """Write proofs down, durably, and return their ids in the same order.

        Raises Invalid when facts are no JSON (NaN and infinity are none), Unavailable when they cannot be written.
        """
        if not proofs:
            return ()
        if len(proofs) > 20:  # some 25 µs each, too long for the event loop
            sealed = await asyncio.to_thread(self._seal, proofs)
        else:
            sealed = self._seal(proofs)
        slip = _Slip()
        await self._store.commit([partial(self._append, sealed, slip)])
        assert slip.note is not None
        await self._note(slip.note)
        ids = tuple(f"E-{number}" for number in slip.numbers)
        self._remember(ids)
        return ids

    async def holds(self, ids: Sequence[str]) -> bool:
        """Whether every id is an entry of the ledger."""
        unknown = {id for id in ids if id not in self._known}
        numbers = {number for id in unknown if (number := number_of(id)) is not None}
        if len(numbers) < len(unknown):
            return False
        wanted = sorted(numbers)
        for start in range(0, len(wanted), 500):
            some = wanted[start : start + 500]
            found = select(func.count().label("n")).select_from(entries).where(entries.c.number.in_(some))
            if (await self._store.rows(found))[0]["n"] != len(some):
                return False
        return True

    def _remember(self, ids: Sequence[str]) -> None:
        for id in ids:
            self._known[id] = None
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _seal(self, proofs: Sequence[Proof]) -> list[_Sealed]:
        return [self._seal_one(proof) for proof in proofs]

    def _seal_one(self, proof: Proof) -> _Sealed:
        content = chain.packed(
            {
                "checks": [
                    {"name": check.name, "passed": check.passed, "detail": check.detail, "took_ms": check.took_ms}
                    for check in proof.checks
                ],
                "facts": dict(proof.facts),
                "reproduce": proof.reproduce,
                "replay": None if proof.replay is None else [proof.replay[0], dict(proof.replay[1])],
                # So that the digest, which outlives the content, cannot be used to guess it.
                "salt": secrets.token_hex(16),
            }
        )
        digest = chain.digest(content)
        sealed = self._vault.seal(content, about=chain.about(digest))
        return _Sealed(proof, _text(proof.claim), _text(proof.subject), digest, sealed)

    # -- inside the writer's transaction --

    def _append(self, sealed: Sequence[_Sealed], slip: _Slip, transaction: Transaction) -> None:
        at = now()
        note, highest = self._hold_chain(transaction, at)
        before, sequence, number = note.mac, note.sequence, max(highest, note.highest)
        rows: list[dict[str, Any]] = []
        contents: list[dict[str, Any]] = []
        for one in sealed:
            number, sequence = number + 1, sequence + 1
            proof = one.proof
            entry = chain.Entry(
                number=number, writer=note.chain, sequence=sequence, kind=proof.kind, subject=one.subject,
                claim=one.claim, passed=proof.passed, replayable=proof.replay is not None, at=chain.stamp(at),
                valid_until=None if proof.valid_for is None else chain.stamp(at + proof.valid_for),
                digest=one.digest, before=before,
            )  # fmt: skip
            before = entry.code(self._key)
            rows.append({name: getattr(entry, name) for name in chain.Entry.__slots__} | {"mac": before})
            contents.append({"number": number, "sealed": one.content})
        transaction.run(_ENTRIES, rows)
        transaction.run(_PAYLOADS, contents)
        slip.numbers = tuple(range(number - len(rows) + 1, number + 1))
        slip.note = note.at(sequence, number, before)

    def _hold_chain(self, transaction: Transaction, at: datetime) -> tuple[Note, int]:
        """Return the end of our chain as the transaction sees it, and the highest number given so far."""
        last = self._committed
        held = None if last is None else self._lease(transaction, last.chain)
        if last is None or held is None or held[0] != self._me:
            return self._claim(transaction, at)
        if held[1] - at < LEASE / 2:
            transaction.run(update(writers).where(writers.c.writer == last.chain).values(lease_until=at + LEASE))
        head = head_of(transaction, last.chain) or (0, 0, "")
        if head[0] < last.sequence or (head[0] == last.sequence and head[2] != last.mac):
            last = behind(last, *head, noticed=chain.stamp(at))
            _log.error("the ledger was cut off", chain=last.chain, cut=last.cuts[-1])
        return last.at(*head), held[2]

    def _lease(self, transaction: Transaction, writer: str) -> tuple[str, datetime, int] | None:
        for row in transaction.rows(_lease_of(writer)):
            return row["holder"], row["lease_until"], row["highest"] or 0
        return None

    def _claim(self, transaction: Transaction, at: datetime) -> tuple[Note, int]:
        taken = {row["writer"]: row for row in transaction.rows(select(writers))}
        for writer in WRITERS:
            row = taken.get(writer)
            if row is None:
                values = {"writer": writer, "holder": self._me, "lease_until": at + LEASE}
                transaction.run(insert(writers).values(**values))
            elif row["holder"] == self._me or row["lease_until"] < at or is_dead(row["holder"].partition(" ")[0]):
                values = {"holder": self._me, "lease_until": at + LEASE}
                transaction.run(update(writers).where(writers.c.writer == writer).values(**values))
            else:
                continue
            highest = self._highest(transaction)
            head = head_of(transaction, writer)
            note = take_up(self._vault, self._key, writer, head, noticed=chain.stamp(at))
            if note.cuts:
                _log.error("the ledger was cut off", chain=writer, cut=note.cuts[-1])
            return note.at(*(head or (0, 0, ""))), highest
        raise Unavailable(
            f"{len(WRITERS)} processes write evidence already.", cure="Stop one, or wait a minute for a lease to lapse."
        )

    def _highest(self, transaction: Transaction) -> int:
        """The highest number ever given, those that were cut off included: an id never names two entries."""
        row = transaction.rows(select(func.max(entries.c.number).label("highest")))[0]
        numbers = [row["highest"] or 0]
        for writer in WRITERS:
            try:
                note = read_note(self._vault, self._key, writer)
            except chain.Broken:
                continue
            numbers.append(note.highest if note is not None else 0)
        return max(numbers)

    # -- after the commit --

    async def _note(self, note: Note) -> None:
        """Bring the note beside the key up to an entry; several that wait share one writing."""
        if self._committed is None or not _covers(self._committed, note):
            self._committed = note
        while not _covers(self._noted, note):
            async with self._noting:
                if _covers(self._noted, note):
                    return
                newest = self._committed if self._committed.chain == note.chain else note
                await asyncio.to_thread(write_note, self._vault, self._key, newest)
                self._noted = newest


def _covers(noted: Note | None, note: Note) -> bool:
    """Whether a note says all that another one does."""
    if noted is None or noted.chain != note.chain:
        return False
    return len(noted.cuts) > len(note.cuts) or (len(noted.cuts) == len(note.cuts) and noted.sequence >= note.sequence)


def head_of(transaction: Transaction, writer: str) -> tuple[int, int, str] | None:
    """Sequence, number and code of the last entry of a chain."""
    for row in transaction.rows(_last_of(writer)):
        return row["sequence"], row["number"], row["mac"]
    return None


# Made once a chain: to build these statements takes longer than to run them.
@lru_cache(maxsize=64)
def _last_of(writer: str) -> Select[int, int, str]:
    columns = select(entries.c.sequence, entries.c.number, entries.c.mac)
    return columns.where(entries.c.writer == writer).order_by(entries.c.sequence.desc()).limit(1)


@lru_cache(maxsize=64)
def _lease_of(writer: str) -> Select[str, datetime, int]:
    highest = select(func.max(entries.c.number)).scalar_subquery().label("highest")
    return select(writers.c.holder, writers.c.lease_until, highest).where(writers.c.writer == writer)


_ENTRIES, _PAYLOADS = insert(entries), insert(payloads)


def number_of(id: str) -> int | None:
    """The number in "E-n", None when it is no id."""
    digits = id.removeprefix("E-")
    if not (id.startswith("E-") and digits.isascii() and digits.isdigit() and len(digits) < 19):
        return None
    return int(digits)


def _text(text: str) -> str:
    """Text that UTF-8 can hold: half a surrogate pair, as a bad decoder leaves it, becomes "?"."""
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text

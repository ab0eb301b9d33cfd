"""Recomputes the whole ledger, chunk by chunk, and says in words what is wrong with it."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import func, select

from assay.evidence import chain
from assay.evidence._store import checkpoints, entries, payloads, raw_checkpoints, raw_entries
from assay.evidence.chain import Broken, Mark, Walk
from assay.evidence.model import Verification
from assay.evidence.notes import CHECKPOINTS, WRITERS, Note, read_note
from assay.kernel.values import now
from assay.ports.errors import AssayError
from assay.ports.store import Row, Store
from assay.ports.vault import Vault

_CHUNK = 500
InThread = Callable[..., Awaitable[Any]]


async def verify(store: Store, vault: Vault, in_thread: InThread) -> Verification:
    """Recompute every code and open every content, while others go on writing.

    Args:
        in_thread: runs a synchronous function with its arguments off the event loop.
    """
    began = time.perf_counter()
    key = vault.key(chain.KEY)
    walk = Walk(key, lambda sealed, about: vault.open(sealed, about=about))
    # The notes are read first: what they name was committed before, so it must be found.
    notes = await in_thread(_read_notes, vault, key, walk)
    counted = 0
    try:
        counted = await _walk_checkpoints(store, key, walk, notes.get(CHECKPOINTS))
        await _walk_entries(store, walk, in_thread)
        for writer, number in walk.ends().items():
            if writer not in notes:
                walk.fault(f"The note beside the key for chain {writer}, which ends with E-{number}, is missing")
    except AssayError as error:
        walk.fault(f"The ledger's tables cannot be read: {error.message}")
    broken = await in_thread(walk.finish)
    return Verification(
        whole=not broken,
        checked=walk.checked,
        expired=walk.expired,
        checkpoints=counted,
        broken=broken,
        took_ms=round((time.perf_counter() - began) * 1000, 3),
        at=now(),
    )


def _read_notes(vault: Vault, key: bytes, walk: Walk) -> dict[str, Note]:
    notes: dict[str, Note] = {}
    for name in (*WRITERS, CHECKPOINTS):
        try:
            note = read_note(vault, key, name)
        except Broken as broken:
            walk.fault(str(broken))
            continue
        if note is None:
            continue
        notes[name] = note
        for cut in note.cuts:
            walk.fault(cut)
        if name != CHECKPOINTS and note.sequence:
            walk.marks[name, note.sequence] = Mark(note.number, note.mac, "the note beside the key")
    return notes


async def _walk_checkpoints(store: Store, key: bytes, walk: Walk, note: Note | None) -> int:
    last, mac, counted, noted = 0, "", 0, note is None or note.sequence == 0
    while rows := await store.rows(
        raw_checkpoints().where(checkpoints.c.number > last).order_by(checkpoints.c.number).limit(_CHUNK)
    ):
        for row in rows:
            counted += 1
            try:
                _check_checkpoint(row, key, last, mac, walk)
            except Broken as broken:
                walk.fault(str(broken))
            if type(row["number"]) is not int:
                return counted
            last, mac = row["number"], str(row["mac"])
            if note is not None and last == note.sequence:
                noted = chain.same(mac, note.mac)
    if not noted and note is not None:
        walk.fault(f"Checkpoint {note.sequence} is missing, though the note beside the key names it")
    if note is None and counted:
        walk.fault("The note beside the key for the checkpoints is missing")
    return counted


def _check_checkpoint(row: Row, key: bytes, last: int, mac: str, walk: Walk) -> None:
    number = row["number"]
    if type(number) is not int or not all(isinstance(row[name], str) for name in ("at", "heads", "before", "mac")):
        raise Broken(f"Checkpoint {number} cannot be read")
    if not chain.same(row["mac"], chain.checkpoint_code(key, number, row["at"], row["heads"], row["before"])):
        raise Broken(f"Checkpoint {number} was changed, or was not written by this installation")
    if number != last + 1:
        walk.fault(f"Checkpoints {last + 1} to {number - 1} are missing")
    elif not chain.same(row["before"], mac):
        walk.fault(f"Checkpoint {number} does not follow on the one before it")
    heads = cast("Mapping[str, Sequence[Any]]", json.loads(row["heads"]))
    for writer, (sequence, entry, code) in heads.items():
        here = (writer, sequence)
        known = walk.marks.setdefault(here, Mark(entry, code, f"checkpoint {number}"))
        if known.mac != code:
            walk.fault(f"Checkpoint {number} and {known.says} name different entries in one place (E-{entry})")


async def _walk_entries(store: Store, walk: Walk, in_thread: InThread) -> None:
    ends = select(func.count().label("n"), func.max(entries.c.number).label("last")).select_from(entries)
    end = (await store.rows(ends))[0]
    last = 0
    if end["n"] and type(end["last"]) is not int:
        walk.fault("An entry has a number that is none")
        return
    before = walk.checked
    while rows := await _chunk(store, last, end["last"] or 0, walk):
        await in_thread(walk.feed, rows)
        last = rows[-1]["number"]
    unseen = end["n"] - (walk.checked - before)
    if unseen:
        walk.fault(f"{abs(unseen)} entries stand outside of the order of numbers")
    orphans = (
        select(func.count().label("n"))
        .select_from(payloads.outerjoin(entries, entries.c.number == payloads.c.number))
        .where(entries.c.number.is_(None))
    )
    if alone := (await store.rows(orphans))[0]["n"]:
        walk.fault(f"{alone} contents belong to no entry")


async def _chunk(store: Store, last: int, end: int, walk: Walk) -> Sequence[Row]:
    """The next rows; where one of them cannot be read at all (text that is no UTF-8), those that can."""
    part = raw_entries().where(entries.c.number > last, entries.c.number <= end).order_by(entries.c.number)
    try:
        return await store.rows(part.limit(_CHUNK))
    except AssayError:
        numbers = select(entries.c.number).where(entries.c.number > last, entries.c.number <= end)
        found: list[Row] = []
        for row in await store.rows(numbers.order_by(entries.c.number).limit(_CHUNK)):
            try:
                found += await store.rows(raw_entries().where(entries.c.number == row["number"]))
            except AssayError:
                walk.checked += 1
                walk.fault(f"E-{row['number']} cannot be read: its text is damaged")
        return found

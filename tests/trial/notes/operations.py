"""What can be asked of notes: a read, a write, a stream and a job, and every way in which one can go wrong."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

from sqlalchemy import delete, func, insert, select, update

from assay.kernel.assayed import Verdict
from assay.kernel.context import Context
from assay.kernel.errors import Conflict, Invalid, NotFound
from assay.kernel.operation import Delete, Get, Post, Put, operation
from assay.kernel.paging import page_of_rows
from assay.kernel.values import Page, now
from assay.ports.ledger import Proof, Tried
from assay.ports.store import Change
from assay.ports.workers import Progress
from trial.notes._store import heard, notes
from trial.notes.events import NOTE_ADDED
from trial.notes.model import (
    AddNote,
    AddNotes,
    Claim,
    Claimed,
    Copied,
    Copy,
    EditNote,
    FindNote,
    FindSource,
    ListNotes,
    Locked,
    Nested,
    Note,
    Nothing,
    Opened,
    RemoveNote,
)

PATH = "/api/v1/notes"


@operation("notes.add", effect="write", needs="notes:add", http=Post(PATH), errors=[Conflict], graph=True,
           scope=("database", "source"), when="something is worth keeping")  # fmt: skip
async def add(asked: AddNote, ctx: Context) -> Note:
    """Keep a note."""
    ctx.change(Change(insert(notes).values(**asked.model_dump(), at=now(), version=1)))
    ctx.announce(NOTE_ADDED, asked.id.partition("-")[0], {"id": asked.id, "source": asked.source})
    return Note(**asked.model_dump(), version=1)


@operation("notes.add_all", effect="write", needs="notes:add", http=Post(f"{PATH}:all"), errors=[Conflict])
async def add_all(asked: AddNotes, ctx: Context) -> Copied:
    """Keep several notes, all or none."""
    for id in asked.ids:
        ctx.change(Change(insert(notes).values(id=id, text=id, at=now(), version=1)))
        ctx.announce(NOTE_ADDED, id, {"id": id})
    return Copied(count=len(asked.ids))


@operation("notes.get", effect="read", needs="notes:read", http=Get(PATH + "/{id}"), errors=[NotFound], graph=True)
async def get(asked: FindNote, ctx: Context) -> Note:
    """Show a note."""
    rows = await ctx.store.rows(select(notes).where(notes.c.id == asked.id))
    if not rows:
        raise NotFound(f"There is no note {asked.id}.", field="id")
    return Note(**{name: rows[0][name] for name in Note.model_fields})


@operation(
    "notes.list", effect="read", needs="notes:read", http=Get(PATH), errors=[Invalid], when="you look for a note"
)
async def list_notes(asked: ListNotes, ctx: Context) -> Page[Note]:
    """List notes, by id."""
    rows, total, cursor = await page_of_rows(ctx.store, select(notes).order_by(notes.c.id), asked)
    items = tuple(Note(**{name: row[name] for name in Note.model_fields}) for row in rows)
    return Page[Note](items=items, total=total, next_cursor=cursor)


@operation("notes.edit", effect="write", needs="notes:add", http=Put(PATH + "/{id}"), errors=[NotFound, Conflict])
async def edit(asked: EditNote, ctx: Context) -> Note:
    """Change a note."""
    note = await get.run(FindNote(id=asked.id), ctx)
    stale = Conflict("The note has changed.", field="version", version=note.version)
    mine = update(notes).where(notes.c.id == asked.id, notes.c.version == asked.version)
    ctx.change(Change(mine.values(text=asked.text, version=asked.version + 1), expect=1, otherwise=stale))
    return Note(id=asked.id, text=asked.text, version=asked.version + 1)


@operation("notes.remove", effect="write", needs="notes:add", http=Delete(PATH + "/{id}"), errors=[NotFound, Conflict])
async def remove(asked: RemoveNote, ctx: Context) -> Copied:
    """Forget a note."""
    note = await get.run(FindNote(id=asked.id), ctx)
    stale = Conflict("The note has changed.", field="version", version=note.version)
    mine = delete(notes).where(notes.c.id == asked.id, notes.c.version == asked.version)
    ctx.change(Change(mine, expect=1, otherwise=stale))
    return Copied(count=0)


@operation("notes.of", effect="read", needs="notes:read", http=Get(f"{PATH}:of"), scope=("database", "source"))
async def of_source(asked: FindSource, ctx: Context) -> Copied:
    """Count the notes of one database."""
    count = select(func.count().label("n")).select_from(notes).where(notes.c.source == asked.source)
    return Copied(count=(await ctx.store.rows(count))[0]["n"])


@operation("notes.open", effect="write", needs="notes:open", http=Post(f"{PATH}:open"))
async def open_locked(asked: Locked, ctx: Context) -> Opened:
    """Take a secret, and give one."""
    return Opened(token=f"shown-once-{asked.password}-{os.urandom(4).hex()}")


@operation("notes.slow", effect="read", needs="notes:read", http=Get(f"{PATH}:slow"), timeout_s=0.2)
async def slow(asked: Nothing, ctx: Context) -> Copied:
    """Take a while."""
    await asyncio.sleep(asked.seconds)
    return Copied(count=0)


@operation("notes.boom", effect="write", needs="notes:add", http=Post(f"{PATH}:boom"))
async def boom(asked: Nothing, ctx: Context) -> Copied:
    """Fail as nobody foresaw, after a change."""
    ctx.change(Change(insert(notes).values(id="boom", text="half", at=now(), version=1)))
    raise RuntimeError(f"the inside says {asked.words}")


@operation("notes.claim", effect="write", needs="notes:claim", http=Post(f"{PATH}:claim"))
async def claim(asked: Claim, ctx: Context) -> Claimed:
    """Claim something, with what is cited or with a check that runs now."""
    cited = asked.evidence
    if asked.prove:
        tried = Tried("Looked", passed=True, detail="it was there", took_ms=0.1)
        cited = await ctx.prove([Proof("notes.claim", "n", "It is so.", [tried])])
    return Claimed(verdict=asked.verdict, evidence=cited, missing=("all",) if asked.verdict is Verdict.ESTIMATE else ())


@operation("notes.claim_deep", effect="read", needs="notes:claim", http=Get(f"{PATH}:claim_deep"))
async def claim_deep(asked: Claim, ctx: Context) -> Nested:
    """Claim something deep inside of an answer."""
    return Nested(by_name={"a": (Claimed(verdict=asked.verdict, evidence=asked.evidence),)})


@operation("notes.nest", effect="write", needs="notes:nest", http=Post(f"{PATH}:nest"))
async def nest(asked: AddNote, ctx: Context) -> Note:
    """Keep a note by asking another operation, then fail when its text says so."""
    answer = await ctx.call("notes.add", asked)
    if asked.text == "fail":
        raise Invalid("text: anything but fail.", field="text")
    return answer


@operation("notes.hear", effect="write", needs="notes:hear", http=Post(f"{PATH}:hear"))
async def hear(asked: Nothing, ctx: Context) -> Copied:
    """Write down that a reaction ran."""
    reaction, event, aggregate, sequence = asked.words.split("|")
    row = {"reaction": reaction, "event_id": event, "aggregate": aggregate, "sequence": int(sequence)}
    ctx.change(Change(insert(heard).values(**row)))
    return Copied(count=1)


@operation("notes.tick", effect="write", needs="notes:hear", http=Post(f"{PATH}:tick"))
async def tick(asked: Nothing, ctx: Context) -> Copied:
    """What a schedule asks for."""
    ctx.change(Change(insert(heard).values(reaction="tick", event_id=ctx.caller.id, aggregate="", sequence=0)))
    return Copied(count=1)


@operation("notes.watch", effect="stream", needs="notes:read", http=Get(f"{PATH}:watch"), when="you wait for notes")
async def watch(asked: Nothing, ctx: Context) -> AsyncIterator[Copied]:
    """Count to three, keep a note with each, and fail after them when the words say so."""
    for count in range(1, 4):
        ctx.change(Change(insert(notes).values(id=f"w{count}", text="watched", at=now(), version=1)))
        yield Copied(count=count)
        await asyncio.sleep(asked.seconds)
    if asked.words == "fail":
        raise Invalid("words: anything but fail.", field="words")
    ctx.change(Change(insert(notes).values(id="w-end", text="watched", at=now(), version=1)))


async def _copy(asked: Copy, ctx: Context) -> Copied:
    _log(asked, f"begin {os.getpid()}")
    try:
        for number in range(asked.count):
            ctx.report(Progress(f"Copying note {number + 1}", number, asked.count))
            id = f"{asked.name}-{number}"
            if not await ctx.store.rows(select(notes.c.id).where(notes.c.id == id)):
                await ctx.call("notes.add", AddNote(id=id, text="copied"))
            await asyncio.sleep(asked.seconds)
        ctx.report(Progress("Counting", asked.count, asked.count))
        return Copied(count=asked.count)
    finally:
        _log(asked, f"end {os.getpid()}")


def _log(asked: Copy, words: str) -> None:
    if asked.log is not None:
        with Path(asked.log).open("a") as file:
            file.write(f"{asked.name} {words}\n")


@operation("notes.copy", effect="job", needs="notes:copy", http=Post(f"{PATH}:copy"), resumes=True,
           when="one note is not enough")  # fmt: skip
async def copy(asked: Copy, ctx: Context) -> Copied:
    """Make notes, one after the other; may be run again."""
    return await _copy(asked, ctx)


@operation("notes.copy_once", effect="job", needs="notes:copy", http=Post(f"{PATH}:copy_once"))
async def copy_once(asked: Copy, ctx: Context) -> Copied:
    """Make notes, one after the other; not to be run again."""
    return await _copy(asked, ctx)


@operation("notes.copy_twice", effect="job", needs="notes:copy", http=Post(f"{PATH}:copy_twice"))
async def copy_twice(asked: Copy, ctx: Context) -> Copied:
    """Ask for a job from within a job."""
    first: Copied = await ctx.call("notes.copy", asked)
    return Copied(count=first.count * 2)


@operation("notes.fail", effect="job", needs="notes:copy", http=Post(f"{PATH}:fail"))
async def fail(asked: Nothing, ctx: Context) -> Copied:
    """Fail: as foreseen, as nobody foresaw, or with a claim that nothing backs."""
    if asked.words == "invalid":
        raise Invalid("words: anything but invalid.", field="words")
    if asked.words == "claim":
        return Lying(count=1, verdict=Verdict.ASSAYED, evidence=("E-999999",))
    raise RuntimeError("the inside says so")


class Lying(Claimed, Copied):
    """A claim that looks like a fact."""


ALL = (
    add, add_all, get, list_notes, edit, remove, of_source, open_locked, slow, boom, claim, claim_deep, nest, hear,
    tick, watch, copy, copy_once, copy_twice, fail,
)  # fmt: skip

"""What can be asked of the ledger: get, list, verify, replay; and what the house asks of it by itself."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, func, select

from assay.evidence._store import entries, raw_entries
from assay.evidence.chain import Broken
from assay.evidence.checkpoint import checkpoint as sign_heads
from assay.evidence.compare import differences
from assay.evidence.expire import expire as drop_contents
from assay.evidence.ledger import number_of
from assay.evidence.model import (
    CheckpointSigned,
    ContentsExpired,
    Evidence,
    FindEvidence,
    ListEvidence,
    Replay,
    Verification,
)
from assay.evidence.show import replay_of, show
from assay.evidence.verify import verify as walk_ledger
from assay.kernel.context import Context
from assay.kernel.operation import Get, Post, operation
from assay.kernel.values import Empty, Page, now
from assay.ports.errors import AssayError, Conflict, Forbidden, Invalid, Limited, NotFound, Unauthenticated
from assay.ports.store import Row


@operation("evidence.get", effect="read", needs="evidence:read", http=Get("/api/v1/evidence/{id}"),
           errors=[NotFound, Conflict], when="an answer cites evidence (E-n) and you want to see it")  # fmt: skip
async def get(asked: FindEvidence, ctx: Context) -> Evidence:
    """Show one entry of the ledger: its checks, its facts, its place in the chain."""
    row = await _find(asked.id, ctx)
    places = [row["sequence"] - 1, row["sequence"] + 1] if type(row["sequence"]) is int else []
    near = select(entries.c.number, entries.c.sequence, entries.c.mac).where(
        entries.c.writer == row["writer"], entries.c.sequence.in_(places)
    )
    beside = {one["sequence"]: (f"E-{one['number']}", one["mac"]) for one in await ctx.store.rows(near)}
    try:
        return show(row, ctx.vault, *(beside.get(place) for place in places))
    except Broken as broken:
        raise _damaged(broken) from None


@operation("evidence.list", effect="read", needs="evidence:read", http=Get("/api/v1/evidence"), errors=[Invalid],
           when="you look for what was checked: by kind, by subject, by words of the claim, passed or not")  # fmt: skip
async def list_evidence(asked: ListEvidence, ctx: Context) -> Page[Evidence]:
    """List entries of the ledger, newest first."""
    wanted = _filters(asked)
    counted = select(func.count().label("n")).select_from(entries).where(*wanted)
    total = (await ctx.store.rows(counted))[0]["n"]
    if asked.cursor is not None:
        last = number_of(asked.cursor)
        if last is None:
            raise Invalid("cursor: take `next_cursor` of the page before.", field="cursor")
        wanted.append(entries.c.number < last)
    query = raw_entries().where(*wanted).order_by(entries.c.number.desc()).limit(asked.limit + 1)
    rows = await ctx.store.rows(query)
    shown: list[Evidence] = await ctx.workers.in_thread(_show_all, rows[: asked.limit], ctx)
    more = len(rows) > asked.limit
    cursor = f"E-{rows[asked.limit - 1]['number']}" if more else None
    return Page[Evidence](items=tuple(shown), total=total, next_cursor=cursor)


@operation("evidence.verify", effect="read", needs="evidence:read", http=Get("/api/v1/evidence:verify"), timeout_s=600,
           when="you want to know whether the ledger is whole: nothing changed, removed or put in")  # fmt: skip
async def verify(asked: Empty, ctx: Context) -> Verification:
    """Recompute the whole ledger and say what, if anything, is wrong with it."""
    return await walk_ledger(ctx.store, ctx.vault, ctx.workers.in_thread)


@operation("evidence.replay", effect="write", needs="evidence:replay", http=Post("/api/v1/evidence/{id}/replay"),
           errors=[NotFound, Conflict], timeout_s=120,
           when="you doubt a piece of evidence, or it is old, and want the same checks run again now")  # fmt: skip
async def replay(asked: FindEvidence, ctx: Context) -> Replay:
    """Run the checks of an entry again and say whether they end the same: same, changed (what), or cannot (why)."""
    began = time.perf_counter()

    def ended(**said: Any) -> Replay:
        return Replay(id=asked.id, took_ms=round((time.perf_counter() - began) * 1000, 3), **said)

    row = await _find(asked.id, ctx)
    try:
        before, again = show(row, ctx.vault), replay_of(row, ctx.vault)
    except Broken as broken:
        raise _damaged(broken) from None
    if before.expired:
        return ended(outcome="cannot", reason="Its content has expired; only its digest is kept.")
    if again is None:
        return ended(outcome="cannot", reason="It was written without a way to run its checks again.")
    try:
        answer = await ctx.call(*again)
    except (Forbidden, Unauthenticated, Limited):
        raise
    except AssayError as error:
        return ended(outcome="cannot", reason=error.message)
    changes = list(differences(before.facts, _facts(answer)))
    passed = bool(_said(answer, "passed"))
    if passed is not before.passed:
        was, now_ = ("passed", "fails") if before.passed else ("failed", "passes")
        changes.insert(0, f"The check {was} then and {now_} now.")
    written = tuple(_said(answer, "evidence") or ())
    return ended(
        outcome="changed" if changes else "same", changes=tuple(changes), again=written[0] if written else None
    )


@operation("evidence.checkpoint", effect="write", needs="evidence:checkpoint", http=Post("/api/v1/evidence:checkpoint"))
async def checkpoint(asked: Empty, ctx: Context) -> CheckpointSigned:
    """Sign where every chain of the ledger ends now; the house does it once a minute."""
    return CheckpointSigned(number=await sign_heads(ctx.store, ctx.vault))


@operation("evidence.expire", effect="write", needs="evidence:expire", http=Post("/api/v1/evidence:expire"),
           timeout_s=600)  # fmt: skip
async def expire(asked: Empty, ctx: Context) -> ContentsExpired:
    """Drop contents older than `keep_evidence_days`; their entries and digests stay in the chain."""
    days = ctx.settings.keep_evidence_days
    return ContentsExpired(expired=await drop_contents(ctx.store, ctx.vault, now() - timedelta(days=days)))


async def _find(id: str, ctx: Context) -> Row:
    number = number_of(id)
    if number is not None:
        for row in await ctx.store.rows(raw_entries().where(entries.c.number == number)):
            return row
    raise NotFound(f"The ledger holds no {id}.", field="id")


def _damaged(broken: Broken) -> Conflict:
    return Conflict(f"{broken}.", cure="See the whole damage: assay evidence verify")


def _filters(asked: ListEvidence) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if asked.kind is not None:
        wanted.append(entries.c.kind == asked.kind)
    if asked.subject is not None:
        wanted.append(entries.c.subject == asked.subject)
    if asked.passed is not None:
        wanted.append(entries.c.passed.is_(asked.passed))
    if asked.search:
        wanted.extend(entries.c.claim.icontains(word, autoescape=True) for word in asked.search.split()[:20])
    return wanted


def _show_all(rows: list[Row], ctx: Context) -> list[Evidence]:
    shown: list[Evidence] = []
    for row in rows:
        try:
            shown.append(show(row, ctx.vault))
        except Broken:
            continue  # it cannot be read at all: `verify` names it
    return shown


def _facts(answer: object) -> Mapping[str, Any]:
    facts = _said(answer, "facts")
    return cast("Mapping[str, Any]", facts) if isinstance(facts, Mapping) else {}


def _said(answer: object, name: str) -> Any:
    if isinstance(answer, Mapping):
        return cast("Mapping[str, Any]", answer).get(name)
    return getattr(answer, name, None)

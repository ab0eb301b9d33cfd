"""Idempotency-Key: the same question under the same key is answered once, and with the same answer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from typing import Any

from pydantic import BaseModel
from sqlalchemy import insert, select

from assay.kernel._store import remembered
from assay.kernel.caller import NOBODY
from assay.kernel.desk import Call, Desk
from assay.kernel.jobs import job_of
from assay.kernel.values import now
from assay.ports.errors import Conflict
from assay.ports.store import Change


def applies(this: Call) -> bool:
    """Whether a call has a key that counts: reads need none, and nobody in particular has no keys of their own."""
    return this.key is not None and this.operation.effect in ("write", "job") and this.caller is not NOBODY


def turn(desk: Desk, this: Call) -> asyncio.Lock:
    """The lock that lets calls under one key run one after the other; those of other processes meet at the commit."""
    key = (this.caller.id, this.key)
    lock = desk.turns.get(key)
    if lock is None:
        lock = desk.turns[key] = asyncio.Lock()
    return lock


def digest_of(desk: Desk, this: Call, question: BaseModel) -> str:
    """A digest of the question under a key of ours, since a question may hold a password that could be guessed."""
    text = f"{this.operation.name}\n{question.model_dump_json()}"
    return hmac.new(desk.ports.vault.key("kernel.once"), text.encode(), hashlib.sha256).hexdigest()


async def recall(desk: Desk, this: Call, digest: str) -> Any:
    """Return the answer that was given under this key, None when there is none; Conflict for another question."""
    found = select(remembered).where(remembered.c.caller_id == this.caller.id, remembered.c.key == this.key)
    rows = await desk.ports.store.rows(found)
    if not rows:
        return None
    if not hmac.compare_digest(rows[0]["digest"], digest):
        raise Conflict("This Idempotency-Key was used for another question.", field="Idempotency-Key")
    answer = json.loads(desk.ports.vault.open(base64.b64decode(rows[0]["answer"]), about=_about(this)))
    if this.operation.effect == "job":
        return job_of(await desk.jobs.find(answer["id"]) or answer)
    return this.operation.answer.validate_python(answer)


def remember(desk: Desk, this: Call, digest: str, answer: Any) -> Change:
    """The change that keeps an answer, sealed: it may hold a token that is shown once."""
    sealed = desk.ports.vault.seal(json.dumps(answer).encode(), about=_about(this))
    values = {"caller_id": this.caller.id, "key": this.key, "operation": this.operation.name, "digest": digest}
    return Change(insert(remembered).values(**values, answer=base64.b64encode(sealed).decode(), at=now()))


def _about(this: Call) -> str:
    return f"remembered:{this.caller.id}:{this.key}"

"""What notes does when a note was added; tests make it fail."""

from __future__ import annotations

from collections import Counter

from assay.kernel.context import Context
from assay.ports.events import Envelope

FAILURES: Counter[tuple[str, str]] = Counter()
"""How often a reaction still fails, by (reaction, id of the note)."""


async def _hear(name: str, envelope: Envelope, ctx: Context) -> None:
    if FAILURES[name, str(envelope.body["id"])] > 0:
        FAILURES[name, str(envelope.body["id"])] -= 1
        raise RuntimeError(f"{name} fails for a test")
    words = f"{name}|{envelope.id}|{envelope.aggregate}|{envelope.sequence}"
    await ctx.call("notes.hear", {"words": words})


async def write_down(envelope: Envelope, ctx: Context) -> None:
    """Write the fact down."""
    await _hear("write_down", envelope, ctx)


async def count_up(envelope: Envelope, ctx: Context) -> None:
    """Write it down a second time, as another reaction."""
    await _hear("count_up", envelope, ctx)

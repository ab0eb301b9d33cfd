"""Asks language models for a room: together, within a deadline; what goes wrong is a sentence, never an error."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from assay.kernel.context import Context
from assay.ports.deadline import Deadline
from assay.ports.errors import AssayError
from assay.ports.language_model import LanguageModels, Prompt, Routed
from assay.runtime.telemetry import log

_log = log(__name__)

EMBEDDED = "embedded"
"""What stands for our own engine where proposals carry the name of a model."""
SPARE_S = 5.0
"""Of the call's own deadline, kept for checking and proving."""


def models_deadline(ctx: Context) -> Deadline:
    """How long models may take: as the settings say, and no longer than the call can wait for them."""
    left = ctx.deadline.left(ctx.settings.ai_timeout + SPARE_S) - SPARE_S
    return Deadline.after(min(ctx.settings.ai_timeout, max(left, 0.0)))


def may_tell_values(ctx: Context) -> bool:
    """Whether values of a database may be told: nothing leaves this machine, or somebody allowed it."""
    return ctx.port(LanguageModels).on_loopback or ctx.settings.ai_send_values


async def consult(
    ctx: Context, prompts: Sequence[Prompt], deadline: Deadline, *, purpose: str, only: str | None = None
) -> list[Routed | str]:
    """Ask all prompts at once; for each the reply, or why there is none, in words without a full stop.

    Args:
        purpose: which operation asks, as usage is listed by.
        only: the one model to ask; None is all that are configured, in their order.
    """
    models = ctx.port(LanguageModels)
    said = await asyncio.gather(
        *(models.complete(one, deadline, purpose=purpose, caller=ctx.caller.id, only=only) for one in prompts),
        return_exceptions=True,
    )
    return [one if isinstance(one, Routed) else _why(one) for one in said]


def _why(error: BaseException) -> str:
    if isinstance(error, AssayError):
        return error.message.rstrip(".")
    if not isinstance(error, Exception):
        raise error
    _log.error("a language model's adapter failed", exc_info=error)
    return "something went wrong inside, and the log has it"

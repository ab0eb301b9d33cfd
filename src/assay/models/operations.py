"""What can be asked of models: which there are, whether one answers, what was used; and keys for them."""

from __future__ import annotations

import time

from assay.kernel.context import Context
from assay.kernel.operation import Delete, Get, Post, Put, operation
from assay.kernel.paging import page_of_rows
from assay.kernel.values import Empty, Page, now
from assay.models import _store
from assay.models.keys import Keys, forgetting
from assay.models.model import (
    ForgetKey,
    KeepKey,
    ListModelUsage,
    ModelList,
    ModelProbe,
    ModelUsage,
    ProviderKey,
    TestModel,
)
from assay.models.routing import Routing
from assay.ports.deadline import Deadline
from assay.ports.errors import AssayError, Invalid, NotFound
from assay.ports.language_model import Instruction, Message, Prompt
from assay.ports.secret import Secret

_PROBE = Prompt(
    Instruction('Answer with the JSON object {"ready": true}.'),
    (Message("user", "Are you ready?"),),
    schema={
        "type": "object",
        "properties": {"ready": {"type": "boolean"}},
        "required": ["ready"],
        "additionalProperties": False,
    },
    max_tokens=256,
)


@operation("models.list", effect="read", needs="models:read", http=Get("/api/v1/models"),
           when="you want to know which language models are asked here, and what they have used today")  # fmt: skip
async def list_models(asked: Empty, ctx: Context) -> ModelList:
    """List the configured language models in the order in which they are asked, their state, keys and budget."""
    routing = ctx.port(Routing)
    return ModelList(models=await routing.lines(), private=ctx.settings.ai_private, samples=ctx.settings.ai_samples,
                     today=await routing.spending(), keys=await ctx.port(Keys).lines())  # fmt: skip


@operation("models.test", effect="write", needs="models:test", http=Post("/api/v1/models:test"), timeout_s=120,
           errors=[NotFound])  # fmt: skip
async def test_model(asked: TestModel, ctx: Context) -> ModelProbe:
    """Ask a language model for what its server has, and for one short answer; a failure is the answer."""
    routing, deadline = ctx.port(Routing), Deadline.after(min(ctx.settings.ai_timeout, ctx.deadline.left(110.0)))
    routing.find(asked.name)
    began, models, tokens, error = time.perf_counter(), (), 0, None
    try:
        models, reply = await routing.probe(asked.name, _PROBE, deadline, purpose="models.test", caller=ctx.caller.id)
        tokens = reply.usage.prompt + reply.usage.completion
    except AssayError as failure:
        error = failure.message
    took = round((time.perf_counter() - began) * 1e3, 3)
    return ModelProbe(name=asked.name, models=tuple(models), answered=error is None, error=error, tokens=tokens,
                      took_ms=took)  # fmt: skip


@operation("models.usage", effect="read", needs="models:read", http=Get("/api/v1/models/usage"), errors=[Invalid])
async def list_usage(asked: ListModelUsage, ctx: Context) -> Page[ModelUsage]:
    """List what language models were used for, by day, newest first: calls, tokens, cost."""
    rows, total, cursor = await page_of_rows(ctx.store, _store.usage(asked.name), asked)
    return Page[ModelUsage](items=tuple(ModelUsage(**row) for row in rows), total=total, next_cursor=cursor)


@operation("models.keep_key", effect="write", needs="models:keys", http=Put("/api/v1/models/keys/{provider}"))
async def keep_key(asked: KeepKey, ctx: Context) -> ProviderKey:
    """Keep a provider's key in the vault, for calls that begin from now on; one in the environment wins over it."""
    keys, at = ctx.port(Keys), now()
    ctx.change(*keys.keeping(asked.provider, Secret(asked.api_key), at))
    return keys.line(asked.provider, at)


@operation("models.forget_key", effect="write", needs="models:keys", http=Delete("/api/v1/models/keys/{provider}"),
           errors=[NotFound])  # fmt: skip
async def forget_key(asked: ForgetKey, ctx: Context) -> ProviderKey:
    """Take a provider's key out of the vault; calls that begin from now on do without it."""
    ctx.change(forgetting(asked.provider))
    return ctx.port(Keys).line(asked.provider, None)

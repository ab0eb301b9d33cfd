"""What can be asked of models: which there are, whether one answers, what was used."""

from __future__ import annotations

import time

from assay.kernel.context import Context
from assay.kernel.operation import Get, Post, operation
from assay.kernel.paging import page_of_rows
from assay.kernel.values import Empty, Page
from assay.models import _store
from assay.models.model import ListModelUsage, ModelList, ModelProbe, ModelUsage, TestModel
from assay.models.routing import Routing
from assay.ports.deadline import Deadline
from assay.ports.errors import AssayError, Invalid, NotFound
from assay.ports.language_model import Instruction, Message, Prompt

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
    """List the configured language models in the order in which they are asked, their state, and the day's budget."""
    routing = ctx.port(Routing)
    return ModelList(models=routing.lines(), private=ctx.settings.ai_private, samples=ctx.settings.ai_samples,
                     today=await routing.spending())  # fmt: skip


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

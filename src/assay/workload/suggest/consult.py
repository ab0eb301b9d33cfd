"""Asks the configured models for indexes before an advice searches; when they fail, it is the engine's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assay.kernel.consult import consult, may_tell_values, models_deadline
from assay.kernel.context import Context
from assay.kernel.screen import screen
from assay.ports.language_model import LanguageModels, Routed, Usage
from assay.ports.workers import Progress
from assay.sources.model import Schema
from assay.workload import history
from assay.workload.advice_model import AdviceStatement, Proposal
from assay.workload.model import ModelsPart, RefusedProposal
from assay.workload.suggest.bind import bound
from assay.workload.suggest.brief import Brief, brief, prompt
from assay.workload.suggest.rewrite import read
from assay.workload.suggest.wording import PURPOSE, Worded


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of asking."""

    part: ModelsPart
    proposals: tuple[Proposal, ...] = ()


async def hear(
    ctx: Context, source: str, schema: Schema, statements: Sequence[AdviceStatement], *, max_width: int
) -> Heard | None:
    """Ask for indexes, once; None where models are not to be asked. Never raises what a model raises."""
    settings = ctx.settings
    if not settings.ai_workload or not ctx.port(LanguageModels).names:
        return None
    ctx.report(Progress("Asking a language model"))
    found = await history.findings_of(ctx, source, [one.id for one in statements])
    values = may_tell_values(ctx)
    told = await ctx.workers.in_thread(lambda: brief(statements, found, schema, values=values))
    if told is None:
        return _silent("no statement reads a table that is known")
    if reason := screen(told.pieces):
        return _silent(f"{reason}, so none was asked")
    asked = prompt(told, max_tokens=settings.ai_max_tokens, temperature=settings.ai_temperature)
    (said,) = await consult(ctx, [asked], models_deadline(ctx), purpose=PURPOSE)
    if isinstance(said, str):
        return _silent(said)
    proposals = await ctx.workers.in_thread(_bound, said, told, schema, max_width)
    return Heard(_part(said, None if proposals else "it proposed nothing"), proposals)


def _bound(said: Routed, told: Brief, schema: Schema, max_width: int) -> tuple[Proposal, ...]:
    value = said.reply.value or {}
    indexes = bound(value.get("indexes", ()), schema, max_width=max_width, by=said.name)
    return (*indexes, *read(value.get("rewrites", ()), told.named, schema, by=said.name, after=len(indexes)))


def _silent(why: str) -> Heard:
    return Heard(ModelsPart(silent=why))


def _part(said: Routed, silent: str | None) -> ModelsPart:
    usage = said.reply.usage
    return ModelsPart(model=said.name, silent=silent, prompt_tokens=usage.prompt, completion_tokens=usage.completion,
                      cost_usd=said.cost_usd)  # fmt: skip


def part_of(heard: Heard | None, judged: Sequence[Proposal], words: Worded) -> ModelsPart | None:
    """What models had to do with an advice, once its checks have judged what they proposed and said."""
    if heard is None:
        return None
    refused = [RefusedProposal(what=_what(one), reason=one.refused) for one in judged if one.refused is not None]
    part, usage = heard.part, words.said.reply.usage if words.said else Usage(0, 0)
    paid = [cost for cost in (part.cost_usd, words.said.cost_usd if words.said else None) if cost is not None]
    return part.model_copy(update={
        "proposed": len(judged), "kept": len(judged) - len(refused),
        "refused": (*refused, *([RefusedProposal(what="its summary", reason=words.dropped)] if words.dropped else [])),
        "prompt_tokens": part.prompt_tokens + usage.prompt,
        "completion_tokens": part.completion_tokens + usage.completion,
        "cost_usd": sum(paid) if paid else None,
    })  # fmt: skip


def _what(one: Proposal) -> str:
    """In words of ours: literals of its condition are the model's, and are not repeated."""
    if one.index is None:
        return f"proposal {one.place}" if one.statement is None else f"{one.statement} written otherwise"
    return replace(one.index, predicate=None).title() + (" on a part of it" if one.index.predicate else "")

"""Asks the configured models beside the engine, repairs once, and falls back on the engine's answer, saying so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from assay.ask.engine.link import Links
from assay.ask.engine.words import tokenise
from assay.ask.kept import Known
from assay.ask.model import DraftSql, GenerateSql, ModelOptions
from assay.ask.respond import Response
from assay.ask.suggest.brief import Brief, brief, prompt, repair
from assay.ask.suggest.pool import Pooled, Proposal, pool
from assay.kernel.consult import EMBEDDED, consult, may_tell_values, models_deadline
from assay.kernel.context import Context
from assay.kernel.screen import screen
from assay.ports.databases import Reader
from assay.ports.deadline import Deadline
from assay.ports.errors import Invalid
from assay.ports.language_model import LanguageModels, Prompt, Routed
from assay.ports.store import Row
from assay.sources.visit import look

Result = TypeVar("Result")

AUTO = "auto"
PURPOSE = "ask.generate"
LONGEST_SQL = 20_000
SPREAD = 0.7
"""Temperature of all samples but the first: that samples agree says something only where they could differ."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """What models said."""

    links: Links
    asked: Prompt | None
    """None: no model was asked."""
    proposals: tuple[Proposal, ...] = ()
    samples: int = 0
    silent: str | None = None
    """Why nothing came of it."""


async def answer(
    ctx: Context, source: Row | None, known: Known, asked: GenerateSql | DraftSql,
    think: Callable[[Reader | None], Response], *, cap: int,
) -> Pooled:  # fmt: skip
    """The best answer of the engine and of the models that the question allows.

    Args:
        source: None where only the schema is known.

    Raises Invalid when it names a model that is not configured, Unavailable when the database is gone; that models fail
    is a warning.
    """
    began = time.perf_counter()
    names = ctx.port(LanguageModels).names
    only = chosen(asked.options, names)
    if only == EMBEDDED or not names:
        return Pooled(await _look(ctx, source, think))
    deadline = models_deadline(ctx)
    listening = asyncio.create_task(_listen(ctx, known, asked, only, deadline))
    try:
        found = await _look(ctx, source, think)
        heard = await listening
    finally:
        listening.cancel()

    def judge(said: _Heard) -> Callable[[Reader | None], Pooled]:
        return lambda session: pool(session, known.graph, said.links, found, said.proposals, samples=said.samples,
                    alternatives=asked.options.alternatives, cap=cap)  # fmt: skip

    pooled = await _look(ctx, source, judge(heard)) if heard.proposals else Pooled(found)
    if heard.asked is not None and pooled.rejected and not pooled.accepted and deadline.left() > 0:
        again = repair(heard.asked, *pooled.rejected[0])
        said = _read(await consult(ctx, [again], deadline, purpose=PURPOSE, only=only), heard.links, again)
        if said.proposals:
            mended = await _look(ctx, source, judge(replace(said, samples=heard.samples)))
            pooled = mended if mended.accepted else pooled
    pooled = _warned(pooled, heard)
    return replace(pooled, response=replace(pooled.response, took_ms=(time.perf_counter() - began) * 1e3))


def chosen(options: ModelOptions, names: Sequence[str]) -> str | None:
    """The one model that may propose: EMBEDDED is nobody, None all of them in their order.

    Raises Invalid when none of that name, or of that provider, is configured.
    """
    wanted, provider, known = options.model, options.provider, (*names, EMBEDDED)
    if provider is not None:
        known = tuple(name for name in known if name.partition(":")[0] == provider)
        if not known:
            raise Invalid("options.provider: no model of that provider is configured.", field="options.provider",
                          known=sorted({name.partition(":")[0] for name in (*names, EMBEDDED)}))  # fmt: skip
        wanted = known[0] if wanted == AUTO else wanted if wanted in known else f"{provider}:{wanted}"
    if wanted not in (AUTO, *known):
        raise Invalid("options.model: there is no model of that name.", field="options.model", known=[AUTO, *known])
    return None if wanted == AUTO else wanted


async def _look(ctx: Context, source: Row | None, thinking: Callable[[Reader | None], Result]) -> Result:
    """Think with a session of the source, or without one."""
    return await (ctx.workers.in_thread(thinking, None) if source is None else look(ctx, source, thinking))


async def _listen(
    ctx: Context, known: Known, asked: GenerateSql | DraftSql, only: str | None, deadline: Deadline
) -> _Heard:
    """Ask for every sample at once; never raises what a model raises."""
    values = may_tell_values(ctx)

    def prepare() -> tuple[Links, Brief]:
        links = known.engine.linker.link(tokenise(asked.natural_language))
        return links, brief(known.graph, links, asked.natural_language, values=values)

    links, told = await ctx.workers.in_thread(prepare)
    if reason := screen(told.pieces):
        return _Heard(links, None, silent=f"{reason}, so none was asked")
    settings, options = ctx.settings, asked.options
    longest = min(settings.ai_max_tokens, options.max_tokens or settings.ai_max_tokens)
    freely = settings.ai_temperature if options.temperature is None else options.temperature
    prompts = [
        prompt(told, max_tokens=longest, seed=seed, temperature=freely if seed == 0 else max(freely, SPREAD))
        for seed in range(settings.ai_samples)
    ]
    said = await consult(ctx, prompts, deadline, purpose=PURPOSE, only=only)
    return _read(said, links, prompts[0])


def _read(said: Sequence[Routed | str], links: Links, asked: Prompt) -> _Heard:
    """The statements in what was said; an empty one is a model's way of saying that it knows none."""
    proposals: list[Proposal] = []
    silent: str | None = None
    for one in said:
        if isinstance(one, str):
            silent = silent or one
            continue
        sql = str((one.reply.value or {}).get("sql", "")).strip()
        if 0 < len(sql) <= LONGEST_SQL:
            proposals.append(Proposal(sql, one.name))
        else:
            silent = silent or "it proposed no statement"
    return _Heard(links, asked, tuple(proposals), len(said), silent)


def _warned(pooled: Pooled, heard: _Heard) -> Pooled:
    """Say in the answer what models did not give."""
    words: tuple[str, ...] = ()
    instead = "" if pooled.response.best is None else " This is the embedded engine's answer."
    if not heard.proposals:
        words = (f"No language model took part: {heard.silent}.{instead}",)
    elif not pooled.accepted:
        why = next((issue.message for _, issues in pooled.rejected for issue in issues if issue.level == "error"), "")
        words = (f"What the language model proposed did not pass the checks: {why.rstrip('.')}.{instead}",)
    elif not pooled.by_model:
        words = ("The language model read the question in another way; the embedded engine was surer of its own.",)
    return replace(pooled, response=replace(pooled.response, warnings=(*pooled.response.warnings, *words)))

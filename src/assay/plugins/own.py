"""Questions to this program itself, in the words of clients that know it as an AI plugin."""

from __future__ import annotations

import json
from typing import Any

from assay.kernel.context import Context
from assay.plugins.ai import Question, is_question, question_of, threshold_of
from assay.plugins.model import AiInfo, DataResult, GeneratedText, Pair, PluginCapabilities, QueryData
from assay.plugins.stores.model import AiValues
from assay.ports.errors import Invalid, NotFound

GENERATE, CAPABILITIES = "ask.generate", "ask.capabilities"
NAMES = ("ai", "assay", "atest-store-ai", "atest-ext-ai")
"""Names under which a client may know this program, where no store has them."""
_SAYS = "Questions in words become SQL that was bound to the live schema, planned and explained."
_NO_BOUND = AiValues(confidence_threshold=0)


def refuse_others(name: str) -> None:
    """Raise NotFound, or Invalid, for a name that is none of ours."""
    if not name:
        raise Invalid("plugin_name is required", field="plugin_name")
    if name not in NAMES:
        raise NotFound(f"There is no AI plugin {name!r}; this program is {NAMES[0]!r}.", field="plugin_name")


async def answer(asked: QueryData, ctx: Context) -> DataResult:
    """Answer what an AI plugin would be asked."""
    if asked.key == "capabilities":
        able = await capabilities(ctx)
        said = {"capabilities": json.dumps({"features": able.features, "models": able.models}),
                "models": ",".join(able.models), "features": ",".join(able.features),
                "description": able.description, "version": able.version}  # fmt: skip
        return DataResult(data=_pairs(said))
    if not is_question(asked):
        raise NotFound(f"{asked.key!r} is not asked here; /api/v1/models lists the models.", field="key")
    question = question_of(asked)
    made = await _generate(question, ctx)
    text = _text(made)
    return DataResult(
        data=_pairs({"generated_sql": text.content, "content": text.content, "meta": text.meta}),
        ai_info=AiInfo(
            verdict=made.verdict, evidence=made.evidence, missing=made.missing,
            generated_sql=made.sql, explanation=_says(made) if question.explain else "",
            suggestions=tuple(one.says for one in made.alternatives), confidence_score=made.confidence,
            model_used=made.model, processing_time_ms=round(made.took_ms), warnings=made.warnings,
            dialect=made.dialect,
        ),
    )  # fmt: skip


async def generate(question: Question, ctx: Context) -> GeneratedText:
    """Answer a prompt; raises NotFound when another model shall answer than the one that does."""
    made = await _generate(question, ctx)
    if question.model not in ("", made.model):
        raise NotFound(f"The model {question.model} does not answer here; {made.model} does.", field="model")
    return _text(made)


async def capabilities(ctx: Context) -> PluginCapabilities:
    """Say what can be asked here."""
    able = await ctx.call(CAPABILITIES, {})
    return PluginCapabilities(models=able.models, features=able.features, description=_SAYS, version=able.version)


async def _generate(question: Question, ctx: Context) -> Any:
    config, context = question.config, question.context
    options = {name: config[name] for name in ("max_tokens", "temperature") if name in config}
    if "confidence_threshold" in config:
        options["confidence_threshold"] = threshold_of(question, _NO_BOUND)
    store = context.get("database_key") or config.get("database_key") or None
    target = {"store": store, "dialect": question.dialect or None}
    return await ctx.call(GENERATE, {"natural_language": question.words, "database_target": target, "options": options})


def _text(made: Any) -> GeneratedText:
    meta = {"confidence": made.confidence, "model": made.model, "dialect": made.dialect, "evidence": made.evidence}
    return GeneratedText(
        verdict=made.verdict, evidence=made.evidence, missing=made.missing,
        content=f"sql:{made.sql}\nexplanation:{_says(made)}", meta=json.dumps(meta),
    )  # fmt: skip


def _says(made: Any) -> str:
    return "; ".join(clause.says for clause in made.explanation)


def _pairs(said: dict[str, str]) -> tuple[Pair, ...]:
    whole = {"api_version": "v1", **said, "success": "true"}
    return tuple(Pair(key=key, value=value) for key, value in whole.items())

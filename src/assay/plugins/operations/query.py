"""What plugins are asked: statements, questions in words, what an AI plugin can do."""

from __future__ import annotations

import json

from assay.kernel.assayed import Verdict
from assay.kernel.context import Context
from assay.kernel.operation import Get, Post, operation
from assay.plugins import ai, own
from assay.plugins.connection import Connection
from assay.plugins.convert import ITS_OWN, data_result
from assay.plugins.model import DataResult, FindAi, GeneratedText, GenerateText, PluginCapabilities, QueryData
from assay.plugins.stores.model import AiValues
from assay.plugins.supervisor import Supervisor
from assay.ports import loader
from assay.ports.deadline import Deadline
from assay.ports.errors import (
    ConfidenceTooLow,
    Forbidden,
    Invalid,
    Limited,
    NotFound,
    Refused,
    SqlExecutionDisabled,
    TimedOut,
    Unavailable,
    UnsupportedDatabase,
)
from assay.ports.gate import Limiter

STATEMENT_S = 30.0
"""Of a statement."""
_MANY = 2_000
"""Cells of a result that is converted in a thread: the event loop would stand still for 5 ms, for seconds of more."""
_STATEMENT = "plugins:statement"


@operation("plugins.query", effect="write", needs="plugins:query", http=Post("/api/v1/data/query"), timeout_s=600,
           rpc="DataServer.Query",
           errors=[NotFound, Invalid, Forbidden, Unavailable, TimedOut, Refused, Limited, ConfidenceTooLow,
                   UnsupportedDatabase, SqlExecutionDisabled])  # fmt: skip
async def query(asked: QueryData, ctx: Context) -> DataResult:
    """Send a statement to a store's plugin, or a question in words (type `ai`) to an AI plugin or to this program.

    A statement goes to the plugin as it is: what it may do is what the store's account may do, so it needs the
    permission plugins:statement, too.
    """
    is_ai = asked.type.strip().lower() == "ai"
    connection = await _named(asked.store, ctx)
    if connection is None:
        if not is_ai:
            raise Invalid("store: name one, in the field or in the header X-Store-Name.", field="store")
        return await own.answer(asked, ctx)
    if connection.entry.ai is not None:
        return await _shown(await _ask_ai(connection, connection.entry.ai, asked, ctx), ctx)
    if is_ai:
        raise Invalid(f"The store {asked.store} is no AI store.", field="store",
                      cure="its kind needs the category ai")  # fmt: skip
    if not ctx.caller.may(_STATEMENT):
        raise Forbidden(f"{ctx.caller.name} may not send statements to stores.", needs=_STATEMENT)
    ctx.note(store=asked.store, sql=asked.sql)
    sent = loader.DataQuery(
        asked.type, asked.key, asked.sql, asked.offset, asked.limit, asked.natural_language, asked.database_type,
        asked.explain_query, asked.ai_context,
    )  # fmt: skip
    deadline = Deadline.after(ctx.deadline.left(STATEMENT_S))
    return await _shown(await connection.ask(lambda one: one.query(sent, deadline), "query"), ctx)


async def _shown(result: loader.DataResult, ctx: Context) -> DataResult:
    if len(result.data) + sum(map(len, result.items)) < _MANY:
        return data_result(result)
    return await ctx.workers.in_thread(data_result, result)


async def _named(store: str, ctx: Context) -> Connection | None:
    """Return the connection of a store; None where this program itself is meant."""
    supervisor = ctx.port(Supervisor)
    await supervisor.read_once()
    if store in ("", "local") or (store in own.NAMES and store not in supervisor):
        return None
    ctx.caller.require("store", store)
    return await supervisor.reach(store)


async def _ask_ai(connection: Connection, values: AiValues, asked: QueryData, ctx: Context) -> loader.DataResult:
    await _limit(connection, values, ctx)
    deadline = Deadline.after(ctx.deadline.left(values.timeout_s))
    if not ai.is_question(asked):
        if asked.key in ai.CHANGING and not ctx.caller.may("plugins:edit"):
            raise Forbidden(f"{ctx.caller.name} may not {asked.key} of a plugin.", needs="plugins:edit")
        sent = loader.DataQuery("ai", asked.key, asked.sql, asked.offset, asked.limit, ai_context=asked.ai_context)
        return await connection.ask(lambda one: one.query(sent, deadline), "query")
    question = ai.question_of(asked)
    threshold = ai.threshold_of(question, values)
    sent = ai.for_plugin(question, connection.name, values, asked.offset, asked.limit)
    ctx.note(store=connection.name, question=question.words)
    result = await connection.ask(lambda one: one.query(sent, deadline), "query")
    ctx.note(confidence=ai.confidence_of(result), sql=result.said.get("generated_sql"))
    ai.refuse_unsure(result, threshold, connection.name)
    return result


async def _limit(connection: Connection, values: AiValues, ctx: Context) -> None:
    rate = values.rate_limit
    key = f"{ctx.caller.id}|store:{connection.name}"
    wait = await ctx.port(Limiter).take(key, per_minute=rate.requests_per_minute, burst=rate.burst_size)
    if wait > 0:
        raise Limited(
            f"Too many questions to the store {connection.name}: {rate.requests_per_minute} a minute,"
            f" {rate.burst_size} at once.", retry_after=wait, per_minute=rate.requests_per_minute,
        )  # fmt: skip


@operation("plugins.generate", effect="write", needs="plugins:query", timeout_s=600,
           http=Post("/api/v1/ai/plugins/{plugin_name}/generate"), rpc="Runner.CallAI",
           errors=[NotFound, Invalid, Unavailable, TimedOut, Refused, Limited, ConfidenceTooLow, UnsupportedDatabase,
                   SqlExecutionDisabled])  # fmt: skip
async def generate(asked: GenerateText, ctx: Context) -> GeneratedText:
    """Send a prompt to the AI store of this name; where there is none, to this program if that is its name."""
    prompt = QueryData(
        type="ai", key=ai.GENERATE, store=asked.plugin_name,
        sql=json.dumps({"model": asked.model, "prompt": asked.prompt, "config": asked.config}),
    )  # fmt: skip
    connection = await _ai_store(asked.plugin_name, ctx)
    if connection is None:
        return await own.generate(ai.question_of(prompt), ctx)
    values = connection.entry.ai
    assert values is not None
    result = await _ask_ai(connection, values, prompt, ctx)
    said = result.said
    if said.get("success") == "false" or said.get("error"):
        why = said.get("error") or "it does not say why"
        raise Refused(f"{connection.name} did not answer: {why}", error_code=said.get("error_code"))
    info = data_result(result).ai_info
    content = said.get("content") or said.get("generated_sql") or (info.generated_sql if info else "")
    return GeneratedText(
        verdict=info.verdict if info else Verdict.ESTIMATE, missing=info.missing if info else (ITS_OWN,),
        content=content, meta=said.get("meta", ""),
    )  # fmt: skip


@operation("plugins.capabilities", effect="read", needs="plugins:read",
           http=Get("/api/v1/ai/capabilities/{plugin_name}"), rpc="Runner.GetAICapabilities",
           errors=[NotFound, Unavailable, TimedOut])  # fmt: skip
async def capabilities(asked: FindAi, ctx: Context) -> PluginCapabilities:
    """Say what an AI plugin can do."""
    connection = await _ai_store(asked.plugin_name, ctx)
    if connection is None:
        return await own.capabilities(ctx)
    able = await connection.ask(lambda one: one.ai_capabilities(ctx.deadline), "capabilities")
    if able is None:
        raise NotFound(f"The plugin of the store {connection.name} is no AI plugin.", field="plugin_name")
    return PluginCapabilities(
        models=able.supported_models, features=able.features, description=able.description,
        version=able.plugin_version, success=able.available, error="" if able.available else able.description,
    )  # fmt: skip


async def _ai_store(name: str, ctx: Context) -> Connection | None:
    """Return the AI store of a name; None where it is one of our own. Raises NotFound for any other."""
    supervisor = ctx.port(Supervisor)
    await supervisor.read_once()
    if name not in supervisor:
        own.refuse_others(name)
    connection = await _named(name, ctx)
    if connection is not None and connection.entry.ai is None:
        raise NotFound(f"The store {name} is no AI store.", field="plugin_name", cure="its kind needs the category ai")
    return connection

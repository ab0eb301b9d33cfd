"""Answers the host's queries: each key is one or two operations of Assay, and pairs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from assay.faces.loader import models
from assay.faces.loader.asked import Question, body_of, key_of, question_of, yes
from assay.faces.loader.capable import capabilities
from assay.faces.loader.databases import StoreDatabases
from assay.faces.loader.door import Door
from assay.faces.loader.pace import Paces
from assay.faces.loader.replies import answered, unanswered
from assay.faces.loader.store import ENGINES, Store
from assay.kernel.errors import AssayError, Invalid, NotFound, SqlExecutionDisabled, UnsupportedDatabase
from assay.wire import server_pb2 as wire

NO_SCHEMA = "NO_SCHEMA"
MOST_ROWS = 1_000
"""That one question may ask for."""
_NO_ANSWER = {"CONFIDENCE_TOO_LOW": "CONFIDENCE_TOO_LOW", "SQL_REJECTED": "GENERATION_FAILED",
              NO_SCHEMA: "GENERATION_FAILED"}  # fmt: skip
"""Errors that say that a question has no answer: the reply tells them. All others are statuses of the call."""
_OTHER_KEYS: dict[str, Callable[[Door, dict[str, Any]], Awaitable[wire.DataQueryResult]]] = {
    "capabilities": capabilities, "providers": models.providers, "models": models.models,
    "models_catalog": models.catalog, "test_connection": models.test, "health_check": models.health,
}  # fmt: skip


class NoSchema(AssayError):
    """As ask raises it, with a cure in the words of stores."""

    code, status = NO_SCHEMA, 422


async def answer(
    door: Door, databases: StoreDatabases, paces: Paces, asked: wire.DataQuery, store: Store
) -> wire.DataQueryResult:
    """Answer one query; raises AssayError for what is no answer to a question."""
    key = key_of(asked)
    if key == "update_config":
        raise models.refuse_update(str(body_of(asked).get("provider") or ""))
    if key != "generate":
        return await _OTHER_KEYS[key](door, body_of(asked))
    paces.take(store)
    question = question_of(asked, store)
    try:
        found, warnings = await _generated(door, databases, question, store, asked.limit)
    except AssayError as error:
        if error.code not in _NO_ANSWER:
            raise
        return unanswered(error, _NO_ANSWER[error.code])
    return answered(found, typed=question.typed, explain=question.explain, warnings=warnings)


async def _generated(
    door: Door, databases: StoreDatabases, question: Question, store: Store, limit: int
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The answer to a question, as REST writes it, and what else is to be said of it.

    Args:
        limit: rows that are sent at most, where SQL is run; 0: as many as usual.
    """
    running = _running(question, store, limit)
    model, warnings = await _model(door, question, store)
    warnings += tuple(f"{name} changes nothing here." for name in question.unused)
    said = {"confidence_threshold": question.threshold, "max_tokens": question.max_tokens,
            "temperature": question.temperature}  # fmt: skip
    options = {"model": model, **{name: value for name, value in said.items() if value is not None}}
    asked: dict[str, Any] = {"natural_language": question.words, "options": options}
    _allowed(store, question.dialect)
    source = await databases.source_of(door, store)
    if source is None:
        if question.execute:
            raise Invalid("execute: the store names no database to run SQL on.", field="execute",
                          cure="give the store the property database_url")  # fmt: skip
        return await _drafted(door, question, store, asked), warnings
    asked["options"] = options | running
    dialect = question.dialect or None
    try:
        found = await _of_source(door, asked, source, dialect, question.timeout_s)
    except NotFound:  # somebody removed the source
        if not databases.forget(door, store):
            raise
        source = await databases.source_of(door, store)
        found = await _of_source(door, asked, source, dialect, question.timeout_s)
    return found, warnings


def _running(question: Question, store: Store, limit: int) -> dict[str, Any]:
    """The options about running SQL: where the store rules it out by name, readings are not run to choose among them.

    Raises SqlExecutionDisabled when rows are asked for and the store does not say that SQL may be run.
    """
    said = store.properties.get("enable_sql_execution", "").strip()
    if not question.execute:
        return {"consult_rows": False} if said and not yes(said) else {}
    if not yes(said):
        raise SqlExecutionDisabled("execute: SQL may not be run through this store.", field="execute",
                                   cure="its property enable_sql_execution allows it")  # fmt: skip
    return {"execute": True, **({"max_rows": min(limit, MOST_ROWS)} if limit > 0 else {})}


async def _of_source(
    door: Door, asked: dict[str, Any], source: str | None, dialect: str | None, timeout_s: float | None
) -> dict[str, Any]:
    target = {"store": source, "dialect": dialect}
    return await door.ask("ask.generate", {**asked, "database_target": target}, timeout_s=timeout_s)


async def _drafted(door: Door, question: Question, store: Store, asked: dict[str, Any]) -> dict[str, Any]:
    """The answer for tables that are only known from what was sent along, or for tables that nobody knows."""
    schema = question.schema.strip() or None
    if schema and not question.dialect:
        raise Invalid(
            "database_type: say what the database speaks: postgresql, mysql or sqlite.", field="database_type"
        )
    listed = _supported(store) if store.properties.get("supported_databases") else ()
    if store.properties.get("supported_databases") and not listed:
        raise UnsupportedDatabase("supported_databases: the store names no database that is answered for here.",
                                  field="supported_databases", known=sorted(ENGINES))  # fmt: skip
    try:
        drafted = {**asked, "schema_text": schema, "dialect": question.dialect or next(iter(listed), None)}
        return await door.ask("ask.draft", drafted, timeout_s=question.timeout_s)
    except AssayError as error:
        if error.code != NO_SCHEMA:
            raise
        raise NoSchema(
            error.message,
            cure="give the store the property database_url, or send ai_context.schema: CREATE TABLE texts, or JSON; "
            "a language model that is set up where atest-store-ai runs (AI_PROVIDER) may guess the tables",
        ) from None


async def _model(door: Door, question: Question, store: Store) -> tuple[str, tuple[str, ...]]:
    """Who is to propose: a model that the question names has to be there, one that the store names is a wish."""
    if question.model or question.provider:
        return await models.wanted(door, question.provider, question.model), ()
    provider, model = (store.properties.get(name, "").strip() for name in ("provider", "model"))
    if not provider and not model:
        return "auto", ()
    found = models.find(await models.known(door), provider, model)
    if found is not None:
        return found, ()
    wish = ":".join(part for part in (provider, model) if part)[:80]
    return "auto", (f"The store's model {wish} is not set up where atest-store-ai runs; it was answered without.",)


def _supported(store: Store) -> tuple[str, ...]:
    """The dialects that the store is for, in its order; all that are spoken here where it lists none."""
    listed = store.properties.get("supported_databases", "").strip(" []")
    names = [one.strip(" '\"").lower() for one in listed.split(",")] if listed else list(ENGINES)
    return tuple(dict.fromkeys(ENGINES[one] for one in names if one in ENGINES))


def _allowed(store: Store, dialect: str) -> None:
    """Raise UnsupportedDatabase for a dialect that the store's property rules out, or that nobody here speaks."""
    allowed = _supported(store)
    if dialect and ENGINES.get(dialect.lower()) not in allowed:
        raise UnsupportedDatabase(f"database_type: {dialect[:40]} is not answered for this store.",
                                  field="database_type", known=sorted(allowed))  # fmt: skip

"""Answers the host's queries: each key is one or two operations of Assay, and pairs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from assay.faces.loader import models
from assay.faces.loader.asked import Question, body_of, key_of, question_of
from assay.faces.loader.capable import capabilities
from assay.faces.loader.databases import StoreDatabases
from assay.faces.loader.door import Door
from assay.faces.loader.replies import answered, unanswered
from assay.faces.loader.store import ENGINES, Store, UnsupportedDatabase
from assay.kernel.errors import AssayError, Invalid, NotFound
from assay.wire import server_pb2 as wire

NO_SCHEMA = "NO_SCHEMA"
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


async def answer(door: Door, databases: StoreDatabases, asked: wire.DataQuery, store: Store) -> wire.DataQueryResult:
    """Answer one query; raises AssayError for what is no answer to a question."""
    key = key_of(asked)
    if key == "update_config":
        raise models.refuse_update(str(body_of(asked).get("provider") or ""))
    if key != "generate":
        return await _OTHER_KEYS[key](door, body_of(asked))
    question = question_of(asked, store)
    try:
        found, warnings = await _generated(door, databases, question, store)
    except AssayError as error:
        if error.code not in _NO_ANSWER:
            raise
        return unanswered(error, _NO_ANSWER[error.code])
    return answered(found, typed=question.typed, explain=question.explain, warnings=warnings)


async def _generated(
    door: Door, databases: StoreDatabases, question: Question, store: Store
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The answer to a question, as REST writes it, and what else is to be said of it."""
    model, warnings = await _model(door, question, store)
    warnings += tuple(f"{name} changes nothing here." for name in question.unused)
    options: dict[str, Any] = {"model": model}
    if question.threshold is not None:
        options["confidence_threshold"] = question.threshold
    asked: dict[str, Any] = {"natural_language": question.words, "options": options}
    _allowed(store, question.dialect)
    source = await databases.source_of(door, store)
    if source is None:
        return await _drafted(door, question, store, asked), warnings
    dialect = question.dialect or None
    try:
        found = await _of_source(door, asked, source, dialect, question.timeout_s)
    except NotFound:  # somebody removed the source
        if not databases.forget(door, store):
            raise
        source = await databases.source_of(door, store)
        found = await _of_source(door, asked, source, dialect, question.timeout_s)
    return found, warnings


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

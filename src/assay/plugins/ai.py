"""A question for an AI store, in the typed form and in the older one, within the bounds that the store sets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from assay.plugins.model import QueryData
from assay.plugins.stores.ai import ENGINES, seconds
from assay.plugins.stores.model import AiValues
from assay.ports.errors import ConfidenceTooLow, Invalid, SqlExecutionDisabled, UnsupportedDatabase
from assay.ports.loader import DataQuery, DataResult

GENERATE = "generate"
KEYS = (
    GENERATE, "capabilities", "providers", "models", "models_catalog", "test_connection", "health_check",
    "update_config",
)  # fmt: skip
"""What AI plugins are asked; any other key is itself a question in words, as the oldest of them take it."""
CHANGING = ("update_config", "test_connection")
"""They tell the plugin where to send questions, and with which key."""
_DIALECTS = ("database_type", "databaseDialect", "database_dialect", "dialect")
_TAKEN = ("model", "temperature", "confidence_threshold", "include_explanation", "execute", "database_key")
"""What a caller may say in `config`. Never an endpoint, a provider or a key: the store's would go to the caller's."""
_NO = {"", "0", "false", "no", "off", "null"}
"""What cannot be read as a wish to run SQL; whatever else is said there, some plugin may take for one."""
_OF_CALLER = ("max_tokens", "temperature", "execute")
"""What of it has no typed field, and goes into `ai_context`, too."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a caller asks in words, whichever form it came in. Words of people are passed on as they are, never filled
    in as a template."""

    words: str
    model: str = ""
    dialect: str = ""
    explain: bool = False
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Of the caller's, what may be said."""
    context: Mapping[str, str] = field(default_factory=dict[str, str])


def is_question(asked: QueryData) -> bool:
    """Whether SQL is wanted, rather than something about models."""
    return asked.key not in KEYS[1:]


def question_of(asked: QueryData) -> Question:
    """Read a question in either form, the typed one first; raises Invalid for one without words, or broken JSON."""
    said: dict[str, Any] = _object(asked.sql, "sql") if asked.key == GENERATE and asked.sql.strip() else {}
    given = _nested(said.get("config"))
    config = {name: given[name] for name in (*_TAKEN, "max_tokens", "timeout") if name in given}
    older = asked.key if asked.key not in ("", GENERATE) else ""
    words = asked.natural_language or str(said.get("prompt") or older)
    if not words.strip():
        raise Invalid("natural_language: a question has words.", field="natural_language")
    context = dict(asked.ai_context)
    if older and asked.sql:
        context.setdefault("sql", asked.sql)
    dialects = (asked.database_type, said.get("database_type"), *(given.get(name) for name in _DIALECTS))
    return Question(
        words=words, model=str(said.get("model") or config.get("model") or ""),
        dialect=str(next((one for one in dialects if one), "")),
        explain=asked.explain_query or config.get("include_explanation") is True, config=config, context=context,
    )  # fmt: skip


def for_plugin(question: Question, store: str, ai: AiValues, offset: int = 0, limit: int = 0) -> DataQuery:
    """Return what a plugin is asked: the typed fields, and beside them the JSON that older ones read.

    Raises:
        UnsupportedDatabase: the store is not for this kind of database.
        SqlExecutionDisabled: SQL shall run, and the store says that none may.
    """
    engine = ENGINES.get(question.dialect.lower())
    if question.dialect and engine not in ai.supported_databases:
        supported = ", ".join(ai.supported_databases)
        raise UnsupportedDatabase(f"The store {store} is not for {question.dialect}.", field="database_type",
                                  cure=f"supported_databases of the store are {supported}")  # fmt: skip
    if not {_text(said.get("execute", "")).strip().lower() for said in (question.config, question.context)} <= _NO:
        _refuse_execution(store, ai)
    config = _config(question, ai)
    said = {name: _text(config[name]) for name in _OF_CALLER if name in question.config}
    older = {"model": question.model or ai.model, "prompt": question.words, "database_type": question.dialect,
             "config": json.dumps(config, ensure_ascii=False)}  # fmt: skip
    return DataQuery(
        type="ai", key=GENERATE, sql=json.dumps(older, ensure_ascii=False), offset=offset, limit=limit,
        natural_language=question.words, database_type=question.dialect, explain_query=question.explain,
        ai_context={**said, **question.context},
    )  # fmt: skip


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _refuse_execution(store: str, ai: AiValues) -> None:
    if not ai.enable_sql_execution:
        raise SqlExecutionDisabled(f"SQL may not be run through the store {store}.",
                                   cure="its property enable_sql_execution allows it")  # fmt: skip


def _config(question: Question, ai: AiValues) -> dict[str, Any]:
    said = question.config
    config: dict[str, Any] = {
        "max_tokens": _at_most(said.get("max_tokens"), ai.max_tokens, "max_tokens", whole=True),
        "temperature": ai.temperature,
        "timeout": f"{_at_most(said.get('timeout'), ai.timeout_s, 'timeout'):g}s",
        "confidence_threshold": ai.confidence_threshold,
        "enable_sql_execution": ai.enable_sql_execution,
        "include_explanation": question.explain,
    }
    for name, value in (("provider", ai.provider), ("model", question.model or ai.model), ("endpoint", ai.endpoint)):
        if value:
            config[name] = value
    if question.dialect:
        config["database_type"] = question.dialect
    return config | {name: said[name] for name in ("temperature", "execute") if name in said}


def _at_most(said: object, most: float, field: str, *, whole: bool = False) -> float:
    """Return what the caller wants, at most what the store allows; raises Invalid for what is no number of the kind."""
    if said is None:
        return most
    found = seconds(str(said))
    if found is None or found <= 0 or (whole and found != int(found)):
        raise Invalid(f"config.{field} is no {'whole number' if whole else 'duration'} above 0.", field="config")
    return min(int(found) if whole else found, most)


def threshold_of(question: Question, ai: AiValues) -> float:
    """Return the confidence below which an answer is refused: the store's, or a stricter one of the caller's."""
    said = question.config.get("confidence_threshold")
    if said is None:
        return ai.confidence_threshold
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said <= 1:
        raise Invalid("config.confidence_threshold is no number from 0 to 1.", field="config")
    return max(float(said), ai.confidence_threshold)


def refuse_unsure(result: DataResult, threshold: float, store: str) -> None:
    """Raise ConfidenceTooLow for SQL that its plugin is not sure enough of; one that does not say how sure is not."""
    said = result.said
    sql = (result.ai_info.generated_sql if result.ai_info else "") or said.get("generated_sql") or said.get("content")
    if not sql or said.get("success") == "false":
        return
    confidence = confidence_of(result)
    if confidence < threshold:
        raise ConfidenceTooLow(
            f"The store {store} is {confidence:.0%} sure of its answer, and {threshold:.0%} are wanted.",
            confidence=confidence, threshold=threshold, sql=sql,
            cure="say it in other words, or lower confidence_threshold of the store",
        )  # fmt: skip


def confidence_of(result: DataResult) -> float:
    """Return how sure a plugin says it is; 0 when it does not say."""
    if result.ai_info is not None and result.ai_info.confidence_score:
        return result.ai_info.confidence_score
    said = meta_of(result).get("confidence")
    return float(said) if isinstance(said, int | float) and not isinstance(said, bool) else 0.0


def meta_of(result: DataResult) -> dict[str, Any]:
    """Return what stands in the pair `meta`; empty when that is no JSON object."""
    try:
        found: object = json.loads(result.said.get("meta") or "{}")
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _nested(config: object) -> dict[str, Any]:
    """Return what stands under `config`: JSON in a text, as atest sends it, or the object itself."""
    if isinstance(config, dict):
        return cast("dict[str, Any]", config)
    return _object(config, "config") if isinstance(config, str) and config.strip() else {}


def _object(text: str, field: str) -> dict[str, Any]:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        raise Invalid(f"{field}: this is no JSON.", field=field) from None
    if not isinstance(found, dict):
        raise Invalid(f"{field}: this is no JSON object.", field=field)
    return cast("dict[str, Any]", found)

"""What a query asks: a question in words in our typed fields, or in the JSON and keys of atest's older protocol."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from assay.faces.loader.store import Store
from assay.kernel.errors import Invalid
from assay.wire import server_pb2 as wire

KEYS = frozenset({
    "generate", "capabilities", "providers", "models", "models_catalog", "test_connection", "health_check",
    "update_config",
})  # fmt: skip
"""Of the older protocol; any other key is itself a question."""
_DIALECTS = ("database_type", "databaseDialect", "database_dialect", "dialect")
_READ = {"provider", "timeout", "include_explanation", "confidence_threshold", "schema", "max_tokens", "temperature",
         "execute", *_DIALECTS}  # fmt: skip
_BODY = {"prompt", "model", "config"}
_FEWEST = 16
"""Tokens of an answer: with fewer none is ever whole."""
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "": 1.0}


@dataclass(frozen=True, slots=True)
class Question:
    """A question in words, and what was said about how to answer it."""

    words: str
    dialect: str = ""
    schema: str = ""
    """DDL or JSON, for want of a database."""
    model: str = ""
    provider: str = ""
    explain: bool = True
    threshold: float | None = None
    timeout_s: float | None = None
    max_tokens: int | None = None
    """Of one answer of a model, at most."""
    temperature: float | None = None
    execute: bool = False
    """Run the SQL, and send its rows."""
    typed: bool = False
    """Asked in our fields: SQL is sent plainly, not after "sql:"."""
    unused: tuple[str, ...] = ()
    """What was sent along and changes nothing here."""


def key_of(asked: wire.DataQuery) -> str:
    """Which of KEYS is asked, "generate" for every question in words; raises Invalid for another type."""
    if asked.type.lower() not in ("", "ai"):
        raise Invalid(f'type: this plugin answers "ai", not {asked.type[:40]!r}.', field="type")
    return asked.key if asked.key in KEYS else "generate"


def body_of(asked: wire.DataQuery) -> dict[str, Any]:
    """The JSON object in `sql`, empty when there is none; raises Invalid for anything else."""
    return _object(asked.sql, "sql")


def question_of(asked: wire.DataQuery, store: Store) -> Question:
    """Read a question; raises Invalid for one without words, or with an option that has no meaning."""
    if asked.natural_language:
        found = _typed(asked)
    elif asked.key in KEYS:
        found = _older(body_of(asked))
    else:
        unused = ("sql",) if asked.sql.strip() else ()
        found = Question(asked.key, unused=unused)
    if not found.words.strip():
        raise Invalid("prompt: there is no question.", field="prompt")
    return _with_store(found, store)


def _typed(asked: wire.DataQuery) -> Question:
    context = dict(asked.ai_context)
    within = "ai_context.{}".format
    return Question(
        asked.natural_language, asked.database_type, context.pop("schema", ""), explain=asked.explain_query,
        model=context.pop("model", ""), provider=context.pop("provider", ""),
        threshold=_number(context.pop("confidence_threshold", None), within("confidence_threshold"), 1),
        max_tokens=_tokens(context.pop("max_tokens", None), within("max_tokens")),
        temperature=_number(context.pop("temperature", None), within("temperature"), 2),
        execute=yes(context.pop("execute", "")), typed=True,
        unused=tuple(f"ai_context.{name}" for name in sorted(context)),
    )  # fmt: skip


def _older(body: Mapping[str, Any]) -> Question:
    sent: object = body.get("config") or {}
    config = cast("dict[str, Any]", sent) if isinstance(sent, dict) else _object(str(sent), "config")
    said = {name: value for name, value in body.items() if value not in (None, "")}
    both = {**config, **said}
    unused = [*(f"config.{name}" for name in config.keys() - _READ), *(said.keys() - _READ - _BODY)]
    schema = both.get("schema") or ""
    return Question(
        str(body.get("prompt") or ""),
        next((str(both[name]) for name in _DIALECTS if both.get(name)), ""),
        schema if isinstance(schema, str) else json.dumps(schema),
        model=str(body.get("model") or ""), provider=str(both.get("provider") or ""),
        explain=_flag(both.get("include_explanation"), True),
        threshold=_number(both.get("confidence_threshold"), "confidence_threshold", 1),
        timeout_s=seconds(both.get("timeout"), "timeout"),
        max_tokens=_tokens(both.get("max_tokens"), "max_tokens"),
        temperature=_number(both.get("temperature"), "temperature", 2),
        execute=yes(both.get("execute")),
        unused=tuple(sorted(unused)),
    )  # fmt: skip


def _with_store(found: Question, store: Store) -> Question:
    """Fill in what the question leaves open from the store's properties; of tokens the fewer count."""
    said = store.properties
    threshold, timeout_s, temperature = found.threshold, found.timeout_s, found.temperature
    if threshold is None:
        threshold = _number(said.get("confidence_threshold"), "properties.confidence_threshold", 1)
    if timeout_s is None:
        timeout_s = seconds(said.get("timeout"), "properties.timeout")
    if temperature is None:
        temperature = _number(said.get("temperature"), "properties.temperature", 2)
    tokens = [one for one in (found.max_tokens, _tokens(said.get("max_tokens"), "properties.max_tokens")) if one]
    return replace(found, words=found.words.strip(), threshold=threshold, timeout_s=timeout_s, temperature=temperature,
                   max_tokens=min(tokens, default=None))  # fmt: skip


def seconds(value: object, field: str) -> float | None:
    """A duration, a number of seconds or with a unit; None where none is given. Raises Invalid."""
    if value in (None, ""):
        return None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|)\s*", str(value))
    if found is None or float(found[1]) == 0:
        raise Invalid(f"{field}: a time is written as 30s.", field=field)
    return float(found[1]) * _UNITS[found[2]]


def _number(value: object, field: str, most: int) -> float | None:
    if value in (None, ""):
        return None
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if not 0 <= number <= most:
        raise Invalid(f"{field}: it is a number from 0 to {most}.", field=field)
    return number


def _tokens(value: object, field: str) -> int | None:
    if value in (None, ""):
        return None
    text = str(value).strip()
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < _FEWEST:
        raise Invalid(f"{field}: it is a whole number from {_FEWEST}.", field=field)
    return int(text)


def yes(value: object) -> bool:
    """Whether a text says yes; whatever else it says is a no."""
    return str(value).strip().lower() in ("true", "yes", "on", "1")


def _flag(value: object, otherwise: bool) -> bool:
    return otherwise if value in (None, "") else str(value).lower() not in ("false", "0", "no")


def _object(text: str, field: str) -> dict[str, Any]:
    try:
        found: object = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Invalid(f"{field}: it is a JSON object.", field=field)
    return cast("dict[str, Any]", found)

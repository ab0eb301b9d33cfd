"""Other addresses of operations, in the words of clients that were written for atest's guide and host."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ConfigDict, Field

from assay.kernel.catalogue import Catalogue
from assay.kernel.errors import AssayError
from assay.kernel.operation import Http, Operation, Post
from assay.kernel.values import Camel

Json = Mapping[str, Any]


class Lenient(Camel):
    """A question as atest's gateway reads it: a field that is not known is passed over."""

    model_config = ConfigDict(extra="ignore")


class GuideQuestion(Lenient):
    """A question in words, as the integration guide puts it."""

    natural_language: str = Field(min_length=1, max_length=2_000)
    database_key: str | None = None
    """A connected database, by name or id."""
    database_type: str | None = None
    """What the caller believes it speaks."""
    explain_query: bool = False
    """Say what each clause does."""


class GuideAnswer(Camel):
    """SQL for a question, as the integration guide shapes it; a failure is an error with its status, never this."""

    success: bool = True
    generated_sql: str
    explanation: str
    """Empty unless it was asked for."""
    suggestions: tuple[str, ...]
    """Other readings, in words."""
    confidence_score: float
    error_message: str = ""
    model_used: str


class CallAi(Lenient):
    """A prompt for a plugin, as atest's host sends it."""

    plugin_name: str = ""
    model: str = ""
    """Empty is whichever answers here."""
    prompt: str = ""
    config: str = Field(default="", max_length=20_000)
    """JSON, as of plugins.generate; other keys are passed over, and kept nowhere."""


class AiReply(Camel):
    """What came of a prompt. A failure has the status 200 too: `success` is false and `error` says why."""

    content: str = ""
    """"sql:" and the statement on one line, then "explanation:" and what it does."""
    meta: str = ""
    """JSON: confidence, model, dialect, evidence; of a failure its error_code, details and trace_id."""
    success: bool
    error: str = ""


@dataclass(frozen=True)
class Shape:
    """A second address of an operation: its question and answer in other words."""

    of: str
    """The operation."""
    record: Operation
    """As the operation's own, with this address, question, answer and docstring; it is in no catalogue."""
    into: Callable[[Any], Json]
    """From this question to the operation's; may raise what the operation might."""
    out: Callable[[Any, Json], Any]
    """From this question and the operation's answer, as JSON, to this answer."""
    failed: Callable[[AssayError], Any] | None = None
    """The answer that tells of a failure, where that is no error status."""


def shapes(catalogue: Catalogue) -> list[Shape]:
    """The second addresses of the operations that a catalogue has."""
    known = {operation.name: operation for operation in catalogue}
    made: list[Shape] = []

    def add(of: str, name: str, http: Http, asks: type[Camel], answers: type[Camel], doc: str, **how: Any) -> None:
        if of in known:
            record = replace(known[of], name=name, http=http, asks=asks, answers=answers, doc=doc, when=None)
            made.append(Shape(of, record, **how))

    add("ask.generate", "ask.generate_sql", Post("/api/v1/ai/generate-sql"), GuideQuestion, GuideAnswer,
        "Answer a question with SQL, in the words of the integration guide.",
        into=_guide_into, out=_guide_out)  # fmt: skip
    add("plugins.generate", "plugins.call_ai", Post("/api/v1/ai/generate"), CallAi, AiReply,
        "Answer a prompt as atest's host does: the one address where a failure has the status 200.",
        into=_prompt_into, out=_prompt_out, failed=_prompt_failed)  # fmt: skip
    return made


def _guide_into(asked: GuideQuestion) -> Json:
    target = {"store": asked.database_key, "dialect": asked.database_type}
    return {"natural_language": asked.natural_language, "database_target": target}


def _guide_out(asked: GuideQuestion, answer: Json) -> GuideAnswer:
    return GuideAnswer(
        generated_sql=answer["sql"], explanation=_says(answer) if asked.explain_query else "",
        suggestions=tuple(one["says"] for one in answer["alternatives"]),
        confidence_score=answer["confidence"], model_used=answer["model"],
    )  # fmt: skip


def _prompt_into(asked: CallAi) -> Json:
    return asked.model_dump()


def _prompt_out(asked: CallAi, answer: Json) -> AiReply:
    return AiReply(content=answer["content"], meta=answer["meta"], success=True)


def _prompt_failed(error: AssayError) -> AiReply:
    told = {"error_code": error.code, "details": dict(error.details), "trace_id": error.trace_id}
    meta = json.dumps(told, default=str, ensure_ascii=False)
    return AiReply(meta=meta, success=False, error=error.message)


def _says(answer: Json) -> str:
    return "; ".join(clause["says"] for clause in answer["explanation"])

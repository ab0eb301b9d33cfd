"""The one JSON shape of every answer, whichever face it leaves by, and what may be shown of a fault."""

from __future__ import annotations

import secrets
from typing import Any

from pydantic import TypeAdapter

from assay.kernel.errors import AssayError, Internal
from assay.kernel.jobs import Job
from assay.kernel.operation import Operation
from assay.kernel.telemetry import log

JOB: TypeAdapter[Job] = TypeAdapter(Job)

_log = log(__name__)


def known(fault: BaseException) -> AssayError:
    """Return an error that may be shown: the fault itself, or INTERNAL with the fault in the log only."""
    if isinstance(fault, AssayError):
        return fault
    hidden = Internal("Something went wrong inside; the log has it under this trace id.")
    hidden.trace_id = secrets.token_hex(16)
    _log.error("face failed", exc_info=fault, trace_id=hidden.trace_id)
    return hidden


def answer_bytes(operation: Operation, answer: Any, *, without: str | None = None, by_alias: bool = False) -> bytes:
    """Write an answer as JSON; a Job that an operation of effect `job` answers with is written as a Job.

    Args:
        without: a field of the answer to leave out.
        by_alias: write nouns of the kind Camel in camelCase, as REST does.
    """
    kind = JOB if operation.effect == "job" and isinstance(answer, Job) else operation.answer
    return kind.dump_json(answer, exclude={without} if without else None, by_alias=by_alias)


def answer_json(operation: Operation, answer: Any) -> Any:
    """Write an answer as plain JSON values."""
    kind = JOB if operation.effect == "job" and isinstance(answer, Job) else operation.answer
    return kind.dump_python(answer, mode="json")

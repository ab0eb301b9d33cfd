"""The audit: every call is written down, with how it ended and without what is secret in it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import BaseModel
from sqlalchemy import insert

from assay.kernel._store import audit
from assay.kernel.caller import Caller
from assay.kernel.desk import Desk
from assay.kernel.operation import Operation
from assay.kernel.values import now
from assay.ports.errors import Unavailable
from assay.ports.store import Change
from assay.runtime.redact import redacted
from assay.runtime.telemetry import log

ASKED_MOST = 4_000
"""Characters that are kept of a question, and of each word about the decision."""

_ENTRY = insert(audit)
"""Made once: every call writes one, and a statement with its values costs ten times the row."""

_log = log(__name__)


def kept_of(text: str) -> str:
    """As much of a text as is kept, without what looks like a secret in it."""
    return redacted(text[: 2 * ASKED_MOST])[:ASKED_MOST]


def write_down(
    desk: Desk,
    *,
    who: Caller,
    operation: Operation | None,
    question: BaseModel | None,
    noted: Mapping[str, object],
    outcome: str,
    took_s: float,
    trace_id: str,
) -> None:
    """Add a call to the audit with the next group commit; a room's own reads are not worth a line.

    Args:
        operation: None when nobody offers what was asked for.
        question: None when it was never valid, or never read.
        noted: what the operation said of its decision.
        outcome: "OK", or the error's code.
    """
    if operation is not None and operation.effect == "read" and who.id.startswith("room:"):
        return
    asked = ""
    if operation is not None and question is not None:
        kept = question.model_dump(mode="json", exclude=set(operation.redact), exclude_defaults=True)
        asked = kept_of(json.dumps(kept, ensure_ascii=False))
    name = operation.name if operation is not None else "unknown"
    values = {"caller_id": who.id, "caller_name": who.name, "operation": name, "asked": asked, "outcome": outcome}
    said = {fact: kept_of(value) if isinstance(value, str) else value for fact, value in noted.items()}
    entry = {**values, "noted": said, "at": now(), "took_ms": round(took_s * 1000, 3), "trace_id": trace_id}
    try:
        desk.ports.store.enqueue([Change(_ENTRY, rows=(entry,))])
    except Unavailable:  # the house closes; the caller's own error matters more
        _log.warning("call not written down", operation=name, outcome=outcome)

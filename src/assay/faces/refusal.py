"""The one JSON shape of every error, whichever face it leaves by; it imports little, since plugins start with it."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_jsonable_python

from assay.kernel.errors import AssayError


def error_json(error: AssayError) -> dict[str, Any]:
    """Write an error as `{"error": {code, message, details, suggestions, trace_id, timestamp}}`."""
    if not error.trace_id or not error.trace_id.strip("0"):  # nobody traces
        error.trace_id = secrets.token_hex(16)
    return {
        "error": {
            "code": error.code,
            "message": error.message,
            "details": to_jsonable_python(dict(error.details), fallback=str),
            "suggestions": error.suggestions,
            "trace_id": error.trace_id,
            "timestamp": datetime.now(UTC).isoformat(),
        }
    }

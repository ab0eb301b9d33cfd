"""Carries a caller's trace id into the house: W3C Trace Context, version 00."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

_PARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")


@contextmanager
def under(traceparent: str | None) -> Generator[None]:
    """Let spans that are opened inside belong to the caller's trace, when the header is there and well formed."""
    found = _PARENT.match(traceparent) if traceparent else None
    if found is None:
        yield
        return
    flags = TraceFlags(int(found[3], 16))
    parent = SpanContext(int(found[1], 16), int(found[2], 16), is_remote=True, trace_flags=flags)
    token = context.attach(trace.set_span_in_context(NonRecordingSpan(parent)))
    try:
        yield
    finally:
        context.detach(token)

"""Logs with file:line and trace ids, metrics for Prometheus, spans for OpenTelemetry."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, cast

import structlog
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from assay.runtime.redact import redacted

registry = CollectorRegistry()

calls_total = Counter("assay_calls", "Calls, by operation and outcome.", ["operation", "outcome"], registry=registry)
call_seconds = Histogram(
    "assay_call_seconds",
    "How long calls take.",
    ["operation"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=registry,
)
jobs_running = Gauge("assay_jobs_running", "Jobs that run now in this process.", registry=registry)
jobs_total = Counter("assay_jobs", "Ended jobs, by operation and state.", ["operation", "state"], registry=registry)
events_total = Counter(
    "assay_events", "Delivered events, by event and outcome.", ["event", "outcome"], registry=registry
)
loop_lag_seconds = Gauge(
    "assay_loop_lag_seconds", "How late the event loop woke, worst of the last ten seconds.", registry=registry
)
store_commits_total = Counter("assay_store_commits", "Group commits of our own database.", registry=registry)
store_units_total = Counter("assay_store_units", "Units of work committed.", ["outcome"], registry=registry)
plugin_up = Gauge("assay_plugin_up", "Whether a plugin answers.", ["plugin"], registry=registry)
plugin_restarts_total = Counter("assay_plugin_restarts", "Restarts of plugins.", ["plugin"], registry=registry)
plugin_call_seconds = Histogram(
    "assay_plugin_call_seconds",
    "How long calls of plugins take, by store.",
    ["store", "call", "outcome"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=registry,
)

tracer = trace.get_tracer("assay")

_HIDDEN = ("password", "dsn", "token", "secret", "credential", "authorization", "cookie", "key")


def hide_secrets(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Mask the values of fields whose names say that they hold a secret, and passwords and tokens inside of texts."""
    for name, value in event.items():
        event[name] = _masked(name, value)
    return event


def _masked(name: str, value: Any) -> Any:
    if name.lower() in _HIDDEN or name.lower().endswith(tuple(f"_{hidden}" for hidden in _HIDDEN)):
        return "***"
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        inner = cast("Mapping[object, Any]", value)
        return {key: _masked(str(key), one) for key, one in inner.items()}
    if isinstance(value, list | tuple):
        return [_masked("", one) for one in cast("Sequence[Any]", value)]
    return value


def _add_trace(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event.setdefault("trace_id", format(span.trace_id, "032x"))
        event.setdefault("span_id", format(span.span_id, "016x"))
    return event


def set_up_logs(level: str, style: str) -> None:
    """Send our logs and those of libraries to standard error, in one format."""
    as_json = style == "json" or (style == "auto" and not sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.CallsiteParameterAdder(
            {structlog.processors.CallsiteParameter.FILENAME, structlog.processors.CallsiteParameter.LINENO}
        ),
        _at,
        _add_trace,
    ]
    last: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                hide_secrets,
                last,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "httpcore", "httpx2", "httpcore2", "mcp", "asyncio", "alembic", "sse_starlette"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


def _at(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    name, line = event.pop("filename", None), event.pop("lineno", None)
    if name:
        event["at"] = f"{name}:{line}"
    return event


def set_up_traces(exporter: SpanExporter | None, version: str) -> None:
    """Give every call a trace id; send spans to a collector when there is one."""
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return
    provider = TracerProvider(resource=Resource.create({"service.name": "assay", "service.version": version}))
    if exporter is not None:
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


async def watch_loop(every_s: float = 0.1, window_s: float = 10.0) -> None:
    """Measure how late the event loop wakes, until cancelled."""
    late: list[tuple[float, float]] = []
    while True:
        before = time.monotonic()
        await asyncio.sleep(every_s)
        at = time.monotonic()
        late = [(when, lag) for when, lag in late if at - when < window_s]
        late.append((at, max(0.0, at - before - every_s)))
        loop_lag_seconds.set(max(lag for _, lag in late))


def log(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module."""
    return structlog.stdlib.get_logger(name)

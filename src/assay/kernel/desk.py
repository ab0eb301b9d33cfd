"""What every call needs of the house, and one call on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from opentelemetry import trace

from assay.kernel.caller import Caller
from assay.kernel.catalogue import Catalogue
from assay.kernel.context import Ports
from assay.kernel.operation import Operation
from assay.kernel.policy import Policy
from assay.ports.deadline import Deadline
from assay.ports.gate import Gate, Limiter
from assay.runtime.jobs import Jobs
from assay.runtime.outbox import Outbox
from assay.runtime.settings import Settings


@dataclass(frozen=True)
class Desk:
    """What every call needs of the house."""

    catalogue: Catalogue
    ports: Ports
    gate: Gate
    limiter: Limiter
    policies: Sequence[Policy]
    jobs: Jobs
    outbox: Outbox
    settings: Settings
    turns: WeakValueDictionary[tuple[str, str | None], asyncio.Lock] = field(
        default_factory=WeakValueDictionary[tuple[str, str | None], asyncio.Lock]
    )
    """Of calls that share a caller and an Idempotency-Key: one after the other."""


@dataclass(frozen=True)
class Call:
    """One call on its way: who, what, until when, under which trace and idempotency key."""

    operation: Operation
    caller: Caller
    deadline: Deadline
    trace_id: str
    key: str | None = None
    noted: dict[str, object] = field(default_factory=dict[str, object])
    """What the operation wants written down of its decision, whether it answers or refuses."""


def trace_id() -> str:
    """Id of the span that is open now."""
    return format(trace.get_current_span().get_span_context().trace_id, "032x")

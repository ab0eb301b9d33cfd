"""The envelope in which a fact travels from the room that announces it to those that react."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Envelope:
    """One announced fact: at least once, in order within an aggregate."""

    id: str
    event: str
    aggregate: str
    sequence: int
    caller: str
    at: datetime
    body: Mapping[str, object]
    trace_id: str

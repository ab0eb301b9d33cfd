"""The short words of the command line: what people do most, without the room's name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Word:
    """A word for an operation, and other names for some of its options."""

    name: str
    operation: str
    options: Mapping[str, str] = field(default_factory=dict[str, str])


WORDS = (
    Word("bottlenecks", "workload.bottlenecks", {"limit": "--top"}),
    Word("query", "workload.query"),
    Word("recommend", "workload.advise"),
    Word("recommendations", "workload.recommendations", {"query_id": "--query"}),
    Word("simulate", "workload.simulate", {"query_id": "--query", "rec_id": "--rec"}),
    Word("runbook", "workload.runbook"),
    Word("init", "sources.init", {"apply_dsn": "--apply"}),
    Word("verify", "evidence.verify"),
)

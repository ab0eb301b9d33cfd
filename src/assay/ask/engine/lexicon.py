"""Words that people use for a schema's words: synonyms and associations, mined in training and read as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


def _no_phrases() -> dict[str, list[tuple[str, float]]]:
    return {}


def _no_associations() -> dict[str, dict[str, float]]:
    return {}


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Two maps from a question's stems to the stems of names."""

    phrases: Mapping[str, list[tuple[str, float]]] = field(default_factory=_no_phrases)
    """Phrase ("establishment year") -> names it may mean, with weights in 0..1; stems joined by a space."""
    associations: Mapping[str, Mapping[str, float]] = field(default_factory=_no_associations)
    """One stem ("old") -> name stems ("age") and how much more often than by chance they come together, in nats."""

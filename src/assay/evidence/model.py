"""The nouns of the ledger: a check, a piece of evidence, a verification, a replay."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from assay.kernel.values import Instant, Paged, Value


class Check(Value):
    """One thing that was really tried, and how it ended."""

    name: str
    """In words: "Planned with the hypothetical index"."""
    passed: bool
    detail: str | None = None
    """What was seen, in words: "0 of 37 dearer"."""
    took_ms: float | None = None


class Evidence(Value):
    """An entry of the ledger."""

    id: str
    kind: str
    """What was checked, "workload.index"."""
    subject: str
    """What it is about, e.g. a recommendation's id."""
    claim: str
    passed: bool
    checks: tuple[Check, ...]
    """Empty once the payload has expired."""
    facts: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Numbers and texts of the check: before, after, DDL, server, role, version of the program."""
    reproduce: str | None = None
    """Statements with which anyone can check it by hand."""
    replayable: bool
    at: Instant
    valid_until: Instant | None
    expired: bool = False
    intact: bool = True
    """Whether it still reads as it was written; what does not is shown without its content, as not passed."""
    sequence: int
    digest: str
    """SHA-256 of the sealed content, hex."""
    mac: str
    """HMAC of this entry and the one before, hex."""
    before: tuple[str, str] | None = None
    """Id and mac of the entry before it in its chain."""
    after: tuple[str, str] | None = None


class FindEvidence(Value):
    """Which entry."""

    id: str = Field(pattern=r"^E-\d+$")


class ListEvidence(Paged):
    """Entries of the ledger, newest first."""

    kind: str | None = None
    subject: str | None = None
    passed: bool | None = None
    search: str | None = Field(default=None, max_length=200)


class Verification(Value):
    """Whether the ledger is whole."""

    whole: bool
    checked: int
    """Entries whose place in the chain was recomputed."""
    expired: int
    """Entries whose content has expired; their digest still stands in the chain."""
    checkpoints: int
    broken: tuple[str, ...] = ()
    """What is wrong, in words, first fault first; at most 20."""
    took_ms: float
    at: Instant


class CheckpointSigned(Value):
    """Where all chains ended, signed."""

    number: int | None
    """Null when nothing was written since the last one."""


class ContentsExpired(Value):
    """What retention let go."""

    expired: int
    """Entries whose content was dropped now."""


class Replay(Value):
    """What happened when the same checks ran again now."""

    id: str
    """The entry that was replayed."""
    outcome: Literal["same", "changed", "cannot"]
    changes: tuple[str, ...] = ()
    """What is different, in words."""
    reason: str | None = None
    """Why it cannot be replayed."""
    again: str | None = None
    """The new entry that this replay wrote."""
    took_ms: float

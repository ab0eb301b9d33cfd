"""The chain: what an entry's code covers, and the walk along all entries that finds what was changed.

An entry's code is HMAC-SHA256, under a key that is not in the database, of its fields, the digest of its content and
the code of the entry before it in its writer's chain. Whoever has the database but not the key can neither write an
entry nor close the gap that one leaves (the secure audit log of Schneier and Kelsey, 1999, with a fixed key).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from assay.ports.errors import Invalid

KEY = "evidence.chain"
"""Purpose under which the vault derives the key of all codes."""
MOST_FAULTS = 20
_FORMAT = 1
_encode = json.JSONEncoder(separators=(",", ":")).encode
_TEXTS = ("writer", "kind", "subject", "claim", "at", "digest", "before", "mac")


class Broken(Exception):
    """A row does not read as what the ledger writes; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as its code covers it."""

    number: int
    """Global, increasing: the n of "E-n"."""
    writer: str
    sequence: int
    """Place in the writer's chain, from 1."""
    kind: str
    subject: str
    claim: str
    passed: bool
    replayable: bool
    at: str
    valid_until: str | None
    digest: str
    """SHA-256 of the content before it was sealed, hex."""
    before: str
    """Code of the entry before it in the chain; "" for the first."""

    def code(self, key: bytes) -> str:
        """The HMAC that belongs to this entry, hex."""
        return code(
            key, "entry", self.number, self.writer, self.sequence, self.kind, self.subject, self.claim,
            int(self.passed), int(self.replayable), self.at, self.valid_until, self.digest, self.before,
        )  # fmt: skip


def code(key: bytes, what: str, *fields: str | int | None) -> str:
    """HMAC-SHA256 of typed, ordered fields, hex; `what` keeps codes of one use from serving another."""
    return hmac.digest(key, _encode([_FORMAT, what, *fields]).encode("ascii"), "sha256").hex()


def same(one: str, other: str) -> bool:
    """Compare two codes in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def expiry_code(key: bytes, number: int, mac: str, expired_at: str) -> str:
    """The code that says: the content of this entry was let go by us, at that time."""
    return code(key, "expired", number, mac, expired_at)


def checkpoint_code(key: bytes, number: int, at: str, heads: str, before: str) -> str:
    """The code of a checkpoint; `heads` is its JSON text as kept."""
    return code(key, "checkpoint", number, at, heads, before)


def stamp(at: datetime) -> str:
    """A time as the chains keep it: UTC, microseconds, sortable."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def packed(content: Mapping[str, Any]) -> bytes:
    """JSON without spaces, in ASCII, names in the order they were given; raises Invalid when a value is no JSON."""
    try:
        text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise Invalid(f"Evidence cannot be written down: {error}.", field="facts") from None
    return text.encode("ascii")


def digest(content: bytes) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(content).hexdigest()


def read(row: Mapping[str, Any]) -> tuple[Entry, str]:
    """Return an entry and the code kept with it; raises Broken when a column holds what was never written there."""
    number = row["number"]
    if not (
        type(number) is int
        and type(row["sequence"]) is int
        and row["passed"] in (0, 1)
        and row["replayable"] in (0, 1)
        and (row["valid_until"] is None or type(row["valid_until"]) is str)
        and all(type(row[name]) is str for name in _TEXTS)
    ):
        raise Broken(f"E-{number} cannot be read: a column holds what was never written there")
    entry = Entry(
        number=number, writer=row["writer"], sequence=row["sequence"], kind=row["kind"], subject=row["subject"],
        claim=row["claim"], passed=bool(row["passed"]), replayable=bool(row["replayable"]), at=row["at"],
        valid_until=row["valid_until"], digest=row["digest"], before=row["before"],
    )  # fmt: skip
    return entry, row["mac"]


Open = Callable[[bytes, str], bytes]
"""Opens sealed content; raises Invalid."""


def about(entry_digest: str) -> str:
    """Under which name the content of an entry is sealed."""
    return f"evidence/{entry_digest}"


def content_of(row: Mapping[str, Any], entry: Entry, mac: str, key: bytes, unseal: Open) -> bytes | None:
    """Return the content that belongs to an entry, None when it has expired; raises Broken."""
    sealed = row["sealed"]
    if sealed is None:
        at, kept = row["expired_at"], row["expired_mac"]
        if not (isinstance(at, str) and isinstance(kept, str)):
            raise Broken(f"The content of E-{entry.number} is missing, and it had not expired")
        if not same(kept, expiry_code(key, entry.number, mac, at)):
            raise Broken(f"The content of E-{entry.number} is missing, and the mark that it expired is forged")
        return None
    if row["expired_at"] is not None or row["expired_mac"] is not None:
        raise Broken(f"E-{entry.number} is marked as expired and has content")
    if not isinstance(sealed, bytes):
        raise Broken(f"The content of E-{entry.number} was replaced")
    try:
        content = unseal(sealed, about(entry.digest))
    except Invalid:
        raise Broken(f"The content of E-{entry.number} was changed or belongs to another entry") from None
    if digest(content) != entry.digest:
        raise Broken(f"The content of E-{entry.number} is not what was written")
    return content


@dataclass(slots=True)
class _Head:
    sequence: int = 0
    number: int = 0
    mac: str = ""


@dataclass(slots=True)
class Mark:
    """A code that must stand at a place of a chain, and who says so ("the note beside the key")."""

    number: int
    mac: str
    says: str


@dataclass
class Walk:
    """Walks along all entries in the order of their numbers, chunk by chunk, and collects what is wrong.

    Numbers and sequences grow together, so each writer's chain passes in its own order.
    """

    key: bytes
    unseal: Open
    marks: dict[tuple[str, int], Mark] = field(default_factory=dict[tuple[str, int], Mark])
    checked: int = 0
    expired: int = 0
    faults: list[str] = field(default_factory=list[str])
    more: int = 0
    """Faults beyond the first MOST_FAULTS."""
    _heads: dict[str, _Head] = field(default_factory=dict[str, _Head])

    def fault(self, text: str) -> None:
        """Note one fault."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(text)
        else:
            self.more += 1

    def feed(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Check the next rows, as `raw_entries` gives them."""
        for row in rows:
            self.checked += 1
            try:
                self._step(row)
            except Broken as broken:
                self.fault(str(broken))

    def _step(self, row: Mapping[str, Any]) -> None:
        entry, mac = read(row)
        head = self._heads.setdefault(entry.writer, _Head())
        genuine = same(mac, entry.code(self.key))
        if not genuine:
            self.fault(f"E-{entry.number} was changed after it was written, or was not written by this installation")
        if entry.sequence != head.sequence + 1:
            self._out_of_step(entry, head)
            if not genuine:
                return  # a forged row does not move the chain
        elif not same(entry.before, head.mac):
            self.fault(f"E-{entry.number} does not follow on {_name(head)}, the entry before it")
        self._heads[entry.writer] = _Head(entry.sequence, entry.number, mac)
        mark = self.marks.pop((entry.writer, entry.sequence), None)
        if mark is not None and not (mark.number == entry.number and same(mark.mac, mac)):
            self.fault(f"E-{entry.number} is not the entry that {mark.says} names at this place (E-{mark.number})")
        if content_of(row, entry, mac, self.key, self.unseal) is None:
            self.expired += 1

    def _out_of_step(self, entry: Entry, head: _Head) -> None:
        if entry.sequence > head.sequence + 1:
            missing = entry.sequence - head.sequence - 1
            entries = "1 entry is" if missing == 1 else f"{missing} entries are"
            self.fault(f"{entries} missing before E-{entry.number} in the chain of writer {entry.writer}")
        else:
            self.fault(f"E-{entry.number} is out of order in the chain of writer {entry.writer}")

    def ends(self) -> dict[str, int]:
        """The last number of every chain that was met."""
        return {writer: head.number for writer, head in self._heads.items()}

    def finish(self) -> tuple[str, ...]:
        """Report marks whose entries never came; return all faults, first first."""
        for (writer, _), mark in sorted(self.marks.items(), key=lambda item: item[1].number):
            self.fault(f"E-{mark.number} of writer {writer} is missing, though {mark.says} names it")
        self.marks.clear()
        if self.more:
            return (*self.faults[: MOST_FAULTS - 1], f"and {self.more + 1} more faults")
        return tuple(self.faults)


def _name(head: _Head) -> str:
    return f"E-{head.number}" if head.number else "the beginning of its chain"

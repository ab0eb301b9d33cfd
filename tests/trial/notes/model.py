"""The nouns of notes."""

from __future__ import annotations

from pydantic import Field

from assay.kernel.assayed import Assayed, Verdict
from assay.kernel.values import Paged, Value


class Note(Value):
    """A note."""

    id: str
    text: str
    source: str | None = None
    version: int


class AddNote(Value):
    """A note to keep."""

    id: str = Field(min_length=1, max_length=20, pattern="^[a-z0-9-]+$")
    text: str = Field(min_length=1, max_length=200)
    source: str | None = None


class AddNotes(Value):
    """Notes to keep, all or none."""

    ids: tuple[str, ...]


class EditNote(Value):
    """What to change, and of which version."""

    id: str
    version: int
    text: str


class FindNote(Value):
    """Which note."""

    id: str


class RemoveNote(Value):
    """Which note, and which version of it."""

    id: str
    version: int


class FindSource(Value):
    """Notes of which database."""

    source: str | None = None


class ListNotes(Paged):
    """Notes, by id."""


class Nothing(Value):
    """A question that carries what should happen."""

    seconds: float = 0.0
    words: str = ""


class Locked(Value):
    """A question with a secret."""

    name: str
    password: str = Field(repr=False, json_schema_extra={"writeOnly": True})


class Opened(Value):
    """An answer with a secret, shown once."""

    token: str = Field(repr=False)


class Claimed(Assayed):
    """A claim about nothing in particular."""

    confidence: float = 0.5


class Nested(Value):
    """Claims where nobody looks first."""

    by_name: dict[str, tuple[Claimed, ...]]


class Claim(Value):
    """What to claim, and what to cite."""

    verdict: Verdict = Verdict.ASSAYED
    evidence: tuple[str, ...] = ()
    prove: bool = False
    deep: bool = False


class Copy(Value):
    """How many notes to make, under which name, and how long each takes."""

    name: str
    count: int = 3
    seconds: float = 0.0
    log: str | None = None
    """A file that says who ran, when."""


class Copied(Value):
    """How many there are now."""

    count: int

"""The shapes that every room's nouns are made of: values, pages, times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Value(BaseModel):
    """A frozen noun without I/O; an unknown field is an error that names it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Camel(Value):
    """A noun that REST writes in camelCase and reads in both spellings; every other face keeps its own names.

    For families of paths whose clients were written against such a contract; nouns of one answer are all of this kind.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, loc_by_alias=False
    )


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_utc)]
"""A point in time; kept and written in UTC, a naive one is read as UTC."""


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


Item = TypeVar("Item")


class Page(Value, Generic[Item]):
    """A part of a longer list."""

    items: tuple[Item, ...]
    total: int
    """How many there are on all pages together."""
    next_cursor: str | None = None
    """Ask again with `cursor` set to this for what follows; null on the last page."""


class Paged(Value):
    """What a question about a list says besides its filters."""

    limit: int = Field(default=50, ge=1, le=500)
    """At most so many items."""
    cursor: str | None = None
    """`next_cursor` of the page before."""


class Empty(Value):
    """A question without words, or an answer that says only that it was done."""

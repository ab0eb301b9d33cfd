"""What a face must know of a question's fields to read them from a query string, a command line or a form."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import from_json

from assay.kernel.errors import Invalid
from assay.kernel.operation import secret_fields
from assay.kernel.upload import upload_fields

Kind = Literal["text", "integer", "number", "flag", "json", "upload"]

_MANY = (tuple, list, set, frozenset, Sequence, AbstractSet)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a question, as text can give it."""

    name: str
    kind: Kind
    many: bool
    """Given several times: a tuple or list of scalars."""
    required: bool
    secret: bool
    choices: tuple[str, ...]
    default: Any
    doc: str


@lru_cache(maxsize=1024)
def fields_of(asks: type[BaseModel]) -> Mapping[str, Field]:
    """Describe every field of a question by name, in order."""
    secret, upload = secret_fields(asks), upload_fields(asks)
    found: dict[str, Field] = {}
    for name, info in asks.model_fields.items():
        bare, many = _bare(info.annotation)
        kind = "upload" if name in upload else _kind(bare)
        if kind == "json":
            many = False
        found[name] = Field(
            name=name, kind=kind, many=many and kind != "upload", required=info.is_required(), secret=name in secret,
            choices=_choices(bare), default=None if info.is_required() else info.get_default(),
            doc=(info.description or "").replace("\n", " "),
        )  # fmt: skip
    return found


@lru_cache(maxsize=1024)
def header_fields(asks: type[BaseModel]) -> Mapping[str, str]:
    """Fields of a question that may stand in a header of the request, with the header's name in lower case."""
    found: dict[str, str] = {}
    for name, field in asks.model_fields.items():
        extra: Any = field.json_schema_extra
        if isinstance(extra, dict) and "header" in extra:
            found[name] = str(cast("Any", extra["header"])).lower()
    return found


def _bare(annotation: Any) -> tuple[Any, bool]:
    """Strip Annotated and `| None`; say whether it is a collection, and of what."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType):
            parts = [part for part in get_args(annotation) if part is not type(None)]
            if len(parts) != 1:
                return Any, False
            annotation = parts[0]
        else:
            break
    origin = get_origin(annotation)
    if origin in _MANY:
        arguments = [part for part in get_args(annotation) if part is not Ellipsis]
        inner, nested = _bare(arguments[0]) if len(set(arguments)) == 1 else (Any, False)
        return (Any, False) if nested else (inner, True)
    return annotation, False


def _kind(bare: Any) -> Kind:
    if get_origin(bare) is Literal or (isinstance(bare, type) and issubclass(bare, Enum)):
        return "text"
    if not isinstance(bare, type) or issubclass(bare, BaseModel | dict) or bare is object:
        return "json"
    if issubclass(bare, bool):
        return "flag"
    if issubclass(bare, int):
        return "integer"
    return "number" if issubclass(bare, float) else "text"


def _choices(bare: Any) -> tuple[str, ...]:
    if get_origin(bare) is Literal:
        return tuple(str(choice) for choice in get_args(bare))
    if isinstance(bare, type) and issubclass(bare, Enum):
        return tuple(str(member.value) for member in bare)
    return ()


def gather(asks: type[BaseModel], given: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Make a question's values of (name, text) pairs; pydantic coerces the texts afterwards.

    Raises Invalid for a field that is given twice but holds one value, or holds JSON that cannot be read. A name
    that the question does not have stays in, so that validation names it.
    """
    known = fields_of(asks)
    values: dict[str, Any] = {}
    for name, text in given:
        field = known.get(name)
        if field is not None and field.many:
            values.setdefault(name, []).append(text)
        elif name in values:
            raise Invalid(f"{name}: given more than once.", field=name)
        elif field is not None and field.kind == "json":
            values[name] = _json(name, text)
        else:
            values[name] = text
    return values


def _json(name: str, text: str) -> Any:
    try:
        return from_json(text)
    except ValueError as error:
        raise Invalid(f"{name}: this field takes JSON: {error}.", field=name) from None


def is_page(answers: Any) -> bool:
    """Whether an answer is a page of a longer list."""
    return has_field(answers, "items") and has_field(answers, "next_cursor")


def has_field(model: Any, name: str) -> bool:
    """Whether a type is a model with this field."""
    return isinstance(model, type) and issubclass(model, BaseModel) and name in model.model_fields


def item_type(answers: Any) -> Any:
    """The type of a page's items."""
    annotation = answers.model_fields["items"].annotation
    return typing.get_args(annotation)[0]

"""The record of an operation: all that a face needs to offer it, read off one typed function."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, cast

from pydantic import BaseModel, TypeAdapter

from assay.kernel.context import Context
from assay.kernel.upload import upload_fields
from assay.ports.errors import AssayError

Effect = Literal["read", "write", "stream", "job"]
Method = Literal["GET", "POST", "PUT", "DELETE"]
Run = Callable[[Any, Context], Any]

_NAME = re.compile(r"^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$")


@dataclass(frozen=True, slots=True)
class Http:
    """Where an operation lives under REST; `{names}` in the path are fields of the question."""

    method: Method
    path: str

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields of the question that stand in the path."""
        return tuple(re.findall(r"{(\w+)}", self.path))


def Get(path: str) -> Http:  # noqa: N802 - read as a word of the record
    """HTTP GET: the fields that are not in the path are query parameters."""
    return Http("GET", path)


def Post(path: str) -> Http:  # noqa: N802
    """HTTP POST: the fields that are not in the path are the JSON body."""
    return Http("POST", path)


def Put(path: str) -> Http:  # noqa: N802
    """HTTP PUT: as POST, and `version` may stand in If-Match."""
    return Http("PUT", path)


def Delete(path: str) -> Http:  # noqa: N802
    """HTTP DELETE: `version` stands in If-Match or the query."""
    return Http("DELETE", path)


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked, as the catalogue keeps it."""

    name: str
    run: Run
    asks: type[BaseModel]
    answers: Any
    """The answer's type; of a stream, the type of each item; of a job, of its result."""
    effect: Effect
    needs: str | None
    """Permission, "room:act"; None for what anybody may call without signing in."""
    http: Http
    when: str | None
    """In which situation to use it: offered to MCP and chat only when it is set."""
    errors: tuple[type[AssayError], ...]
    doc: str
    rpc: str | None = None
    graph: bool = False
    scope: tuple[str, str] | None = None
    """Kind of scope and the field of the question that names it, ("database", "source")."""
    resumes: bool = False
    """A job that may simply be run again from the start after a crash."""
    redact: tuple[str, ...] = ()
    """Fields of the question that are never written down."""
    timeout_s: float | None = 30.0

    @property
    def room(self) -> str:
        """The capability it belongs to."""
        return self.name.partition(".")[0]

    @property
    def verb(self) -> str:
        """Its name inside the room."""
        return self.name.partition(".")[2]

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return self.doc.splitlines()[0]

    @cached_property
    def question(self) -> TypeAdapter[Any]:
        """Validates questions, from JSON bytes or Python values."""
        return TypeAdapter(self.asks)

    @cached_property
    def answer(self) -> TypeAdapter[Any]:
        """Writes answers (or items of a stream) as JSON, and reads stored ones back."""
        return TypeAdapter(self.answers)


def operation(
    name: str,
    *,
    effect: Effect,
    needs: str | None,
    http: Http,
    when: str | None = None,
    errors: Sequence[type[AssayError]] = (),
    rpc: str | None = None,
    graph: bool = False,
    scope: tuple[str, str] | None = None,
    resumes: bool = False,
    timeout_s: float | None = 30.0,
) -> Callable[[Callable[[Any, Context], Awaitable[Any] | AsyncIterator[Any]]], Operation]:
    """Make an Operation of a typed function `async def verb(asked: Question, ctx: Context) -> Answer`.

    Raises TypeError at import when the name, the annotations, the docstring or the path do not fit.
    """

    def record(run: Callable[[Any, Context], Any]) -> Operation:
        asks, answers = _types_of(name, run, effect)
        unknown = [field for field in http.fields if field not in asks.model_fields]
        if unknown:
            raise TypeError(f"{name}: the path names {unknown}, which {asks.__name__} does not have")
        if scope is not None and scope[1] not in asks.model_fields:
            raise TypeError(f"{name}: the scope names the field {scope[1]!r}, which {asks.__name__} does not have")
        doc = inspect.getdoc(run)
        if not doc:
            raise TypeError(f"{name}: an operation says in its docstring what it does")
        if effect == "job" and secret_fields(asks):
            raise TypeError(f"{name}: a job's question is written down, so it holds no secret")
        return Operation(
            name=name, run=run, asks=asks, answers=answers, effect=effect, needs=needs, http=http, when=when,
            errors=tuple(errors), doc=doc, rpc=rpc, graph=graph, scope=scope, resumes=resumes,
            redact=(*secret_fields(asks), *upload_fields(asks)),
            timeout_s=None if effect in ("job", "stream") else timeout_s,
        )  # fmt: skip

    return record


def secret_fields(asks: type[BaseModel]) -> tuple[str, ...]:
    """Fields marked `writeOnly`: they are read once and never written down."""
    extras = {name: cast("object", field.json_schema_extra) for name, field in asks.model_fields.items()}
    return tuple(name for name, extra in extras.items() if isinstance(extra, dict) and "writeOnly" in extra)


def _types_of(name: str, run: Run, effect: Effect) -> tuple[type[BaseModel], Any]:
    if not _NAME.match(name):
        raise TypeError(f"{name!r} is no operation name: it is room.verb in lower case")
    hints = typing.get_type_hints(run)
    asks = hints.get("asked")
    if not (isinstance(asks, type) and issubclass(asks, BaseModel)) or hints.get("ctx") is not Context:
        raise TypeError(f"{name}: an operation takes (asked: a pydantic model, ctx: Context)")
    answers = hints.get("return")
    if effect == "stream":
        if typing.get_origin(answers) is not AsyncIterator:
            raise TypeError(f"{name}: a stream returns AsyncIterator[Item]")
        answers = typing.get_args(answers)[0]
    if answers is None:
        raise TypeError(f"{name}: an operation says what it answers with")
    return asks, answers

"""The catalogue as OpenAPI 3.1."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core.core_schema import DataclassField, ModelField, TypedDictField

from assay.faces.families import shapes
from assay.faces.fields import has_field
from assay.kernel.catalogue import Catalogue
from assay.kernel.errors import (
    AssayError,
    Forbidden,
    Internal,
    Invalid,
    Limited,
    PreconditionRequired,
    TimedOut,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from assay.kernel.jobs import Job
from assay.kernel.operation import Operation
from assay.kernel.upload import upload_fields

Json = dict[str, Any]

_REFERENCE = re.compile(r'"#/components/schemas/([\w-]+)"')
_GENERIC = re.compile(r"^(\w+?)_(\w+)_$")
_ERROR: Json = {
    "type": "object",
    "title": "Error",
    "description": "What every error looks like, on every face.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details", "suggestions", "trace_id", "timestamp"],
            "properties": {
                "code": {"type": "string", "description": "For programs: NOT_FOUND."},
                "message": {"type": "string", "description": "What failed, on which object, why."},
                "details": {
                    "type": "object",
                    "description": "`field` names the input that is wrong, `cure` what helps.",
                    "additionalProperties": True,
                },
                "suggestions": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "What may help, in words: the cure, or other readings of a question.",
                },
                "trace_id": {"type": "string", "description": "The log has it under this id."},
                "timestamp": {"type": "string", "format": "date-time"},
            },
        }
    },
}
_ALWAYS: tuple[type[AssayError], ...] = (Invalid, Limited, TimedOut, Unavailable, Internal)


def document(catalogue: Catalogue, version: str = "0") -> Json:
    """Describe every operation, in a stable order: the same catalogue gives the same bytes."""
    everything = [*catalogue, *(shape.record for shape in shapes(catalogue))]
    schemas = Schemas(everything)
    paths: dict[str, Json] = {}
    for operation in sorted(everything, key=lambda one: (one.http.path, one.http.method)):
        paths.setdefault(operation.http.path, {})[operation.http.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Assay",
            "version": version,
            "description": "AI for engineering operations, self-hosted: nothing is shown until it has been assayed.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"session": []}],
        "tags": [{"name": capability.name, "x-title": capability.title} for capability in catalogue.capabilities],
        "paths": paths,
        "components": {
            "schemas": {**schemas.used_in(paths), "Error": _ERROR},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A token: assay accounts issue."},
                "session": {
                    "type": "apiKey", "in": "cookie", "name": "assay_session",
                    "description": "Set by POST /api/v1/sign-in; a change must come from our own page.",
                },
            },
        },
    }  # fmt: skip


class Complete(GenerateJsonSchema):
    """Says of an answer that every field is there, as it is: a default is written out, too."""

    def field_is_required(self, field: ModelField | DataclassField | TypedDictField, total: bool) -> bool:
        """Whether a field is always there."""
        return self.mode == "serialization" or super().field_is_required(field, total)


class Schemas:
    """The JSON schemas of all questions (as they are read) and answers (as they are written), shared by name."""

    def __init__(self, catalogue: Sequence[Operation]) -> None:
        inputs: list[tuple[str, Any, TypeAdapter[Any]]] = [
            (f"{operation.name}?", "validation", operation.question) for operation in catalogue
        ]
        outputs: list[tuple[str, Any, TypeAdapter[Any]]] = [
            (f"{operation.name}!", "serialization", operation.answer) for operation in catalogue
        ]
        job: list[tuple[str, Any, TypeAdapter[Any]]] = [("job", "serialization", TypeAdapter(Job))]
        made, shared = TypeAdapter.json_schemas(
            [*inputs, *outputs, *job], ref_template="#/components/schemas/{model}", schema_generator=Complete
        )
        found: Mapping[str, Json] = shared.get("$defs", {})
        names = _names(found)
        self.components: dict[str, Json] = {
            names[name]: _renamed(found[name], names) for name in sorted(found, key=lambda name: names[name])
        }
        self._made = {key: _renamed(schema, names) for (key, _), schema in made.items()}
        self.job = self._made["job"]

    def question(self, operation: Operation) -> Json:
        """The object schema of a question, its reference resolved."""
        return self.resolve(self._made[f"{operation.name}?"])

    def asked(self, operation: Operation) -> Json:
        """The schema of a question, as a reference where it is shared."""
        return self._made[f"{operation.name}?"]

    def used_in(self, paths: Json) -> dict[str, Json]:
        """The components that something refers to, by name."""
        used: set[str] = set()
        waiting: list[Json] = [paths]
        while waiting:
            found = {name for name in _REFERENCE.findall(json.dumps(waiting.pop())) if name in self.components}
            waiting += [self.components[name] for name in found - used]
            used |= found
        return {name: schema for name, schema in self.components.items() if name in used}

    def answer(self, operation: Operation) -> Json:
        """The schema of an answer, of a stream's item, or of a job's result."""
        return self._made[f"{operation.name}!"]

    def resolve(self, schema: Json) -> Json:
        """Follow a reference to a component."""
        while "$ref" in schema:
            schema = self.components[schema["$ref"].rpartition("/")[2]]
        return schema


def _names(found: Iterable[str]) -> dict[str, str]:
    """Readable names for generic types: Page_Source_ is SourcePage, unless that is taken."""
    taken = set(found)
    names: dict[str, str] = {}
    for name in sorted(taken):
        generic = _GENERIC.match(name)
        wanted = f"{generic[2].strip('_')}{generic[1]}" if generic else name
        names[name] = name if generic and wanted in taken else wanted
    return names


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    if isinstance(schema, dict):
        inside: dict[str, Any] = {key: _renamed(value, names) for key, value in schema.items()}  # pyright: ignore[reportUnknownVariableType]
        if isinstance(reference := inside.get("$ref"), str):
            head, _, name = reference.rpartition("/")
            inside["$ref"] = f"{head}/{names.get(name, name)}"
        elif isinstance(title := inside.get("title"), str) and title.endswith("]") and "[" in title:
            outer, _, inner = title[:-1].partition("[")
            inside["title"] = f"{inner}{outer}"
        return inside
    if isinstance(schema, list):
        return [_renamed(value, names) for value in schema]  # pyright: ignore[reportUnknownVariableType]
    return schema


def _operation(operation: Operation, schemas: Schemas) -> Json:
    asked = schemas.question(operation)
    properties: Mapping[str, Json] = asked.get("properties", {})
    required = set(asked.get("required", ()))
    in_query = operation.http.method in ("GET", "DELETE")
    versioned = operation.http.method in ("PUT", "DELETE") and "version" in properties
    parameters: list[Json] = []
    for name, schema in properties.items():
        if name in operation.http.fields:
            parameters.append(_parameter(name, "path", schema, needed=True))
        elif in_query:
            needed = name in required and not (versioned and name == "version")
            parameters.append(_parameter(name, "query", schema, needed=needed))
    parameters += _headers(operation, versioned)
    described: Json = {
        "operationId": operation.name,
        "tags": [operation.room],
        "summary": operation.summary,
        "description": operation.doc,
        "x-effect": operation.effect,
        "x-needs": operation.needs,
        "x-when": operation.when,
        "parameters": parameters,
    }
    if not in_query:
        body = _body(operation, schemas, versioned)
        if body is not None:
            described["requestBody"] = body
    described["responses"] = {**_answers(operation, schemas), **_errors(operation, versioned)}
    if operation.needs is None:
        described["security"] = []
    return described


def _parameter(name: str, place: str, schema: Json, *, needed: bool) -> Json:
    inner = {key: value for key, value in schema.items() if key not in ("description", "title")}
    made: Json = {"name": name, "in": place, "required": needed, "schema": inner}
    if "description" in schema:
        made["description"] = schema["description"]
    if inner.get("type") == "array":
        made |= {"style": "form", "explode": True}
    return made


def _headers(operation: Operation, versioned: bool) -> list[Json]:
    headers: list[Json] = []
    if operation.http.method == "POST" and operation.needs is not None and operation.effect in ("write", "job"):
        text = "The same question under the same key is answered once; another question is a CONFLICT."
        headers.append(_header("Idempotency-Key", text, {"type": "string", "minLength": 1, "maxLength": 200}))
    if versioned:
        text = 'The ETag of what was read, "3"; `version` may be given instead. Without either: VERSION_REQUIRED.'
        headers.append(_header("If-Match", text, {"type": "string"}))
    if operation.effect == "job":
        text = "`wait=N` (at most 60 s) answers 200 with the result when it comes in time."
        headers.append(_header("Prefer", text, {"type": "string", "pattern": r"wait=\d+"}))
    if operation.effect == "stream":
        headers.append(_header("Last-Event-ID", "Where a stream that can go on goes on.", {"type": "string"}))
    return headers


def _header(name: str, text: str, schema: Json) -> Json:
    return {"name": name, "in": "header", "required": False, "description": text, "schema": schema}


def _body(operation: Operation, schemas: Schemas, versioned: bool) -> Json | None:
    """The request body: the question without what stands in the path."""
    asked = schemas.question(operation)
    inside = {name: schema for name, schema in asked.get("properties", {}).items() if name not in operation.http.fields}
    if not inside:
        return None
    needed = [name for name in asked.get("required", ()) if name in inside and not (versioned and name == "version")]
    schema: Json = {
        "type": "object",
        "title": asked.get("title", ""),
        "properties": inside,
        "additionalProperties": False,
    }
    if "description" in asked:
        schema["description"] = asked["description"]
    if needed:
        schema["required"] = needed
    whole = not operation.http.fields and not versioned
    content: Json = {"application/json": {"schema": schemas.asked(operation) if whole else schema}}
    if files := upload_fields(operation.asks):
        parts = {
            name: {"type": "string", "format": "binary"} if name in files else part for name, part in inside.items()
        }
        content["multipart/form-data"] = {"schema": {**schema, "properties": parts}}
    return {"required": bool(needed), "content": content}


def _answers(operation: Operation, schemas: Schemas) -> Json:
    answer = schemas.answer(operation)
    if operation.effect == "stream":
        text = (
            "Server-sent events: the data of each is one item. A stream of jobs names them `progress` and `end`, "
            "others `item` and `end`; `error` holds an Error. A comment keeps the line open every 15 s."
        )
        return {"200": {"description": text, "content": {"text/event-stream": {"schema": answer}}}}
    good: Json = {"description": operation.summary, "content": {"application/json": {"schema": answer}}}
    if operation.effect == "job":
        place = {"description": "Where the job is.", "schema": {"type": "string"}}
        text = "The job was accepted; follow it at `Location`."
        queued = {
            "description": text,
            "headers": {"Location": place},
            "content": {"application/json": {"schema": schemas.job}},
        }
        return {"200": {**good, "description": "The result, when `Prefer: wait=N` was enough."}, "202": queued}
    headers: Json = {}
    if has_field(operation.answers, "version"):
        headers["ETag"] = {"description": "The version, for If-Match.", "schema": {"type": "string"}}
    if has_field(operation.answers, "next_cursor"):
        headers["Link"] = {"description": '<…>; rel="next" when there is more.', "schema": {"type": "string"}}
    if headers:
        good["headers"] = headers
    return {"200": good}


def _errors(operation: Operation, versioned: bool) -> Json:
    kinds: set[type[AssayError]] = {*_ALWAYS, *operation.errors}
    if operation.needs is not None:
        kinds |= {Unauthenticated, Forbidden}
    if operation.http.method in ("POST", "PUT"):
        kinds.add(TooLarge)
    if versioned:
        kinds.add(PreconditionRequired)
    by_status: dict[str, list[str]] = {}
    for kind in sorted(kinds, key=lambda one: (one.status, one.code)):
        by_status.setdefault(str(kind.status), []).append(kind.code)
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    made: Json = {
        status: {"description": ", ".join(codes), "x-codes": codes, "content": content}
        for status, codes in by_status.items()
    }
    number: Json = {"type": "integer"}
    made["429"]["headers"] = {
        "Retry-After": {"description": "Seconds.", "schema": number},
        "X-RateLimit-Limit": {"description": "Calls a minute.", "schema": number},
        "X-RateLimit-Remaining": {"description": "None is left: 0.", "schema": number},
        "X-RateLimit-Reset": {"description": "Seconds until there is one again.", "schema": number},
    }
    return made

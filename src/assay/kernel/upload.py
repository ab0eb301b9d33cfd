"""The type of a question's field that holds a file: bytes here, base64 in JSON, a part in a form, a path in the CLI."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, PlainSerializer, WithJsonSchema


def _bytes(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("Input should be base64") from None


_WRITTEN = {"type": "string", "contentEncoding": "base64", "contentMediaType": "application/octet-stream"}

Upload = Annotated[
    bytes,
    BeforeValidator(_bytes),
    PlainSerializer(lambda value: base64.b64encode(value).decode(), return_type=str, when_used="json"),
    WithJsonSchema(_WRITTEN),
]
"""A file; limit it with `Field(max_length=…)` in bytes. A job's upload is written down with its question."""


def upload_fields(asks: type[BaseModel]) -> tuple[str, ...]:
    """Fields of a question that hold a file."""
    return tuple(
        name
        for name, field in asks.model_fields.items()
        if any(isinstance(part, WithJsonSchema) and part.json_schema is _WRITTEN for part in field.metadata)
    )

"""Fills every field of a message with values that can be worked out by hand: golden.json was made so, without protobuf.

A text is the field's name, a number a hundred times its number, a truth true; what repeats is there twice, a map has
one entry of "key" to a value as of a field `value` with the number 2, and messages within are filled the same way.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor


def filled(kind: Descriptor, only: dict[str, dict[str, str]] | None = None) -> dict[str, Any]:
    """The arguments of the message; with `only` (messages and their fields by name), nothing that it does not list."""
    fields = [f for f in kind.fields if only is None or kind.full_name not in only or f.name in only[kind.full_name]]
    return {field.name: _value(field, only) for field in fields}


def _value(field: FieldDescriptor, only: dict[str, dict[str, str]] | None) -> Any:
    entry = field.message_type
    if entry is not None and entry.GetOptions().map_entry:
        return {"key": _one(entry.fields_by_name["value"], only)}
    one = _one(field, only)
    return [one, one] if field.is_repeated else one


def _one(field: FieldDescriptor, only: dict[str, dict[str, str]] | None) -> Any:
    if field.message_type is not None:
        return filled(field.message_type, only)
    if field.enum_type is not None:
        return field.enum_type.values[-1].number
    if field.type == FieldDescriptor.TYPE_STRING:
        return field.name
    if field.type == FieldDescriptor.TYPE_BYTES:
        return field.name.encode()
    return True if field.type == FieldDescriptor.TYPE_BOOL else field.number * 100

"""What is written down of the contracts, read both ways: descriptors as a listing, a listing as descriptors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor
from google.protobuf.message import Message

from assay.wire import loader_pb2, server_pb2

Listing = dict[str, dict[str, Any]]

FILES: tuple[FileDescriptor, ...] = (server_pb2.DESCRIPTOR, loader_pb2.DESCRIPTOR)
SCALARS = {"string": 9, "bytes": 12, "bool": 8, "int32": 5, "int64": 3}


def read(name: str) -> Any:
    return json.loads((Path(__file__).parent / name).read_text())


def messages() -> dict[str, Descriptor]:
    """Every message of both files, by its full name."""
    return {one.full_name: one for file in FILES for one in file.message_types_by_name.values()}


def listing() -> Listing:
    """What the program speaks, in the form of atest.json and ours.json."""
    found: Listing = {"messages": {}, "rpcs": {}, "enums": {}, "reserved": {}}
    for file in FILES:
        raw = descriptor_pb2.FileDescriptorProto()
        file.CopyToProto(raw)
        for message in raw.message_type:
            name = f"{file.package}.{message.name}"
            found["messages"][name] = {f.name: _field(f) for f in messages()[name].fields}
            kept = [f"{one.start} to {one.end - 1}" for one in message.reserved_range]
            found["reserved"] |= {name: kept} if kept else {}
        for enum in file.enum_types_by_name.values():
            found["enums"][enum.full_name] = {one.name: one.number for one in enum.values}
        for service in file.services_by_name.values():
            for method in service.methods:
                sent = "stream " * method.client_streaming + method.input_type.full_name
                got = "stream " * method.server_streaming + method.output_type.full_name
                found["rpcs"][f"{service.full_name}/{method.name}"] = f"{sent} -> {got}"
    return found


def _field(field: FieldDescriptor) -> str:
    entry = field.message_type
    if entry is not None and entry.GetOptions().map_entry:
        key, value = (entry.fields_by_name[name] for name in ("key", "value"))
        return f"{field.number} map<{_kind(key)},{_kind(value)}>"
    label = "repeated " * field.is_repeated + "optional " * (field.has_presence and entry is None)
    return f"{field.number} {label}{_kind(field)}"


def _kind(field: FieldDescriptor) -> str:
    named = field.message_type or field.enum_type
    if named is not None:
        return str(named.full_name)
    return {9: "string", 12: "bytes", 8: "bool", 5: "int32", 3: "int64", 2: "float", 1: "double"}[field.type]


def old() -> dict[str, type[Message]]:
    """The messages as who knows nothing of ours has them: made from atest.json, in a pool of their own."""
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
    known = read("atest.json")["messages"]
    for package, needs in (("server", timestamp_pb2.DESCRIPTOR.name), ("remote", "server.proto")):
        file = descriptor_pb2.FileDescriptorProto(
            name=f"{package}.proto", package=package, syntax="proto3", dependency=[needs]
        )
        for name, fields in known.items():
            if name.startswith(f"{package}."):
                message = file.message_type.add(name=name.partition(".")[2])
                for field, spec in fields.items():
                    _add(message, name, field, spec)
        pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name)) for name in known}


def _add(message: descriptor_pb2.DescriptorProto, full_name: str, name: str, spec: str) -> None:
    number, _, kind = spec.partition(" ")
    field = message.field.add(name=name, number=int(number), label=1)
    if kind.startswith("repeated "):
        kind, field.label = kind.removeprefix("repeated "), 3
    if kind.startswith("map<"):
        entry = message.nested_type.add(name=f"{name.capitalize()}Entry")
        entry.options.map_entry = True
        for place, part in enumerate(kind.removeprefix("map<").removesuffix(">").split(","), 1):
            _add(entry, "", ("key", "value")[place - 1], f"{place} {part}")
        kind, field.label = f"{full_name}.{entry.name}", 3
    if kind in SCALARS:
        field.type = SCALARS[kind]  # pyright: ignore[reportAttributeAccessIssue]
    else:
        field.type, field.type_name = 11, f".{kind}"  # pyright: ignore[reportAttributeAccessIssue]

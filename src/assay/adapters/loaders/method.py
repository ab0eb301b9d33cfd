"""A method of any gRPC service by its name, from the service's descriptor: no generated stubs."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass
from grpc import aio


def method(channel: aio.Channel, service: ServiceDescriptor, name: str, *, raw: bool = False) -> Any:
    """Return what is called with a message, or with a stream of them, as grpc.aio has it; KeyError: no such method.

    Args:
        raw: it answers bytes, which whoever asked reads where there is time to.
    """
    found = service.methods_by_name[name]
    asked, answered = ("stream" if many else "unary" for many in (found.client_streaming, found.server_streaming))
    return getattr(channel, f"{asked}_{answered}")(
        f"/{service.full_name}/{name}",
        request_serializer=GetMessageClass(found.input_type).SerializeToString,
        response_deserializer=None if raw else GetMessageClass(found.output_type).FromString,
    )

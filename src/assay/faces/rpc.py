"""Serves gRPC services from their descriptors: handlers by the names of the methods, errors in our one shape."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, NoReturn, cast

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass
from grpc import aio
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import (
    HealthServicer,
    add_HealthServicer_to_server,  # pyright: ignore[reportUnknownVariableType]
)
from grpc_reflection.v1alpha import reflection

from assay.faces.status import status_of
from assay.kernel.errors import AssayError, Internal

Context = aio.ServicerContext[Any, Any]
One = Callable[[Any, Context], Awaitable[Any]]
Many = Callable[[Any, Context], AsyncIterator[Any]]
Handler = One | Many
"""Takes a message, or an iterator of them where the method streams them in, and the call. Returns one message, or is
an async generator where the method streams them out."""
Services = Mapping[ServiceDescriptor, Mapping[str, Handler]]

_log = logging.getLogger(__name__)
"""Of the standard library: a plugin that has to be there within two seconds cannot wait for another."""
MOST_BYTES = 4 * 1024 * 1024
"""Of a message, where nobody says otherwise: what gRPC itself takes."""


def make_server(
    services: Services, *, reflect: bool = False, health: HealthServicer | None = None, most_bytes: int = MOST_BYTES
) -> aio.Server:
    """Return a server that has yet to be given ports and started; call it on the event loop.

    A method of a service that has no handler is UNIMPLEMENTED. Raises KeyError for a handler that its service lacks.

    Args:
        reflect: whether to tell what is served, whole descriptors included.
        health: `grpc_health.v1.health.aio.HealthServicer()`; whoever passes it says with `set` what is serving.
        most_bytes: of one message that is sent in.
    """
    # Without the first, a second server would listen on a port that is taken, and get half of its calls.
    server = aio.server(options=(("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", most_bytes)))
    for service, handlers in services.items():
        methods = {name: _method(service.methods_by_name[name], handler) for name, handler in handlers.items()}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.full_name, methods),))
    names = [service.full_name for service in services]
    if health is not None:
        add_HealthServicer_to_server(health, server)
        names.append(health_pb2.DESCRIPTOR.services_by_name["Health"].full_name)
    if reflect:
        reflection.enable_server_reflection([*names, reflection.SERVICE_NAME], server)
    return server


def _method(method: MethodDescriptor, handler: Handler) -> grpc.RpcMethodHandler[Any, Any]:
    asked, answered = ("stream" if many else "unary" for many in (method.client_streaming, method.server_streaming))
    guarded = _many(cast("Many", handler)) if method.server_streaming else _one(cast("One", handler))
    return getattr(grpc, f"{asked}_{answered}_rpc_method_handler")(
        guarded,
        request_deserializer=GetMessageClass(method.input_type).FromString,
        response_serializer=GetMessageClass(method.output_type).SerializeToString,
    )


def _one(handler: One) -> One:
    async def answer(request: Any, context: Context) -> Any:
        try:
            return await handler(request, context)
        except aio.AbortError:
            raise
        except Exception as error:
            await _refuse(context, error)

    return answer


def _many(handler: Many) -> Many:
    async def answer(request: Any, context: Context) -> AsyncIterator[Any]:
        try:
            async for message in handler(request, context):
                yield message
        except aio.AbortError:
            raise
        except Exception as error:
            await _refuse(context, error)

    return answer


async def _refuse(context: Context, error: Exception) -> NoReturn:
    """End the call with the status that an error means; of a fault of ours only the log knows more."""
    if not isinstance(error, AssayError):
        _log.error("a gRPC call failed", exc_info=error)
        error = Internal("Something went wrong here; the log has it.")
    code, message, trailing = status_of(error)
    await context.abort(code, message, trailing)

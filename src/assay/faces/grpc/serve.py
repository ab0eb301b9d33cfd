"""Serves the methods that operations name, at the port that the settings name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

from google.protobuf.descriptor import ServiceDescriptor
from grpc import aio
from grpc_health.v1 import health, health_pb2

from assay.faces.grpc.about import get_ai_capabilities, get_ai_status
from assay.faces.grpc.asking import Asking, metadata_of
from assay.faces.grpc.data import call_ai, query
from assay.faces.grpc.pages import get_menus, get_page_of_css, get_page_of_js
from assay.faces.grpc.sql import generate_sql, validate_sql
from assay.faces.rpc import Context, One, Services, make_server
from assay.faces.trace import under
from assay.kernel.errors import Unavailable
from assay.kernel.house import House
from assay.wire import server_pb2

GRACE_S = 8
"""So long calls may take to end once the server stops."""

Answer = Callable[[Asking, Any], Awaitable[Any]]
ANSWERS: dict[str, Answer] = {
    "Runner.GenerateSQL": generate_sql,
    "Runner.ValidateSQL": validate_sql,
    "Runner.GetAIStatus": get_ai_status,
    "Runner.GetAICapabilities": get_ai_capabilities,
    "Runner.CallAI": call_ai,
    "DataServer.Query": query,
    "UIExtension.GetMenus": get_menus,
    "UIExtension.GetPageOfJS": get_page_of_js,
    "UIExtension.GetPageOfCSS": get_page_of_css,
}
"""What answers a method, by the name under which operations have it as their `rpc`."""


def services(house: House) -> Services:
    """Return the methods that the catalogue's operations name; raises KeyError for one that is not answered here."""
    found: defaultdict[ServiceDescriptor, dict[str, One]] = defaultdict(dict)
    for operation in house.catalogue:
        if operation.rpc is not None:
            service, _, method = operation.rpc.partition(".")
            found[server_pb2.DESCRIPTOR.services_by_name[service]][method] = _handler(house, ANSWERS[operation.rpc])
    return found


def _handler(house: House, answer: Answer) -> One:
    async def handle(request: Any, context: Context) -> Any:
        said = metadata_of(context)
        with under(said.get("traceparent")):
            return await answer(Asking(house, said, context), request)

    return handle


@asynccontextmanager
async def listening(house: House, address: str | None = None) -> AsyncGenerator[str | None]:
    """Serve as long as this is open, and yield the address; None where the settings name no port.

    Args:
        address: in place of the settings', `unix:/a/path` or host:port.

    Raises Unavailable when the address cannot be listened on.
    """
    settings = house.settings
    if address is None:
        if settings.grpc_port is None:
            yield None
            return
        host = f"[{settings.grpc_host}]" if ":" in settings.grpc_host else settings.grpc_host
        address = f"{host}:{settings.grpc_port}"
    states = cast("Any", health).aio.HealthServicer()  # its types are not there
    served = services(house)
    server = make_server(
        served, reflect=settings.grpc_reflection, health=states, most_bytes=settings.grpc_message_bytes
    )
    port = _listen(server, address)
    await server.start()
    for name in ("", *(service.full_name for service in served)):
        await states.set(name, health_pb2.HealthCheckResponse.SERVING)
    try:
        yield address if address.startswith("unix:") else f"{address.rpartition(':')[0]}:{port}"
    finally:
        await states.enter_graceful_shutdown()
        await server.stop(GRACE_S)


def _listen(server: aio.Server, address: str) -> int:
    try:
        return server.add_insecure_port(address)
    except RuntimeError:
        cure = "Take another port: ASSAY_GRPC_PORT=0 takes a free one."
        raise Unavailable(
            f"gRPC cannot listen on {address}: it is taken, or no address of this machine.", cure=cure
        ) from None

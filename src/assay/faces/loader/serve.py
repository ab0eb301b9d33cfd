"""Serves the plugin until it is told to stop: the sockets first, then the house behind them."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from typing import Any, cast

from grpc import aio
from grpc_health.v1 import health, health_pb2

from assay.faces.loader.door import Doorway, Opens
from assay.faces.loader.options import NAME, Options
from assay.faces.loader.plugin import LOADER, Plugin
from assay.faces.loader.sockets import DEFAULT, Sockets, listen_at
from assay.faces.rpc import make_server

GRACE_S = 20.0
"""Calls that run when it is told to stop have so long; the house is closed within what is left of 30 s."""


async def serve(options: Options, version: str, load: Callable[[], Opens]) -> None:
    """Serve until SIGTERM or SIGINT; raises AssayError when it cannot listen.

    Args:
        load: imports what opens the door to Assay, and returns that; it is slow, and called once calls are answered.
    """
    closing, drained = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, closing.set)
    healthy: Any = cast("Any", health).aio.HealthServicer()

    async def tell(well: bool) -> None:
        state = health_pb2.HealthCheckResponse.SERVING if well else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in ("", LOADER.full_name):
            await healthy.set(name, state)

    doorway = Doorway(load, tell)
    server = make_server({LOADER: Plugin(doorway, version).handlers()}, reflect=True, health=healthy)
    sockets = Sockets(server, options.mode)
    addresses = _listen(server, sockets, options)
    opening = None
    try:
        await tell(True)
        await server.start()
        sys.stdout.write(f"{NAME}@{version} is running at {', '.join(addresses)}\n")
        sys.stdout.flush()
        opening = asyncio.create_task(doorway.keep_open(drained))
        await closing.wait()
        await healthy.enter_graceful_shutdown()
        await server.stop(GRACE_S)
    finally:
        sockets.remove()
        drained.set()
        if opening is not None:
            await opening


def _listen(server: aio.Server, sockets: Sockets, options: Options) -> list[str]:
    """Bind what the options say; return the addresses."""
    if options.socket is not None:
        sockets.bind(options.socket)
        more = options.also_default and options.socket != DEFAULT and sockets.bind_if_free(DEFAULT)
        return [f"unix://{options.socket}", *([f"unix://{DEFAULT}"] if more else [])]
    if options.port is None:
        sockets.bind(DEFAULT)
        return [f"unix://{DEFAULT}"]
    return [listen_at(server, options.port)]

"""Runs a plugin of atest: its flags, where it listens, and its end."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from grpc import aio
from grpc_health.v1 import health
from grpc_health.v1.health_pb2 import HealthCheckResponse

from assay.faces.loader.sockets import Sockets, listen_at
from assay.faces.rpc import Services, make_server
from assay.kernel.errors import AssayError, Invalid

GRACE_S = 5.0
"""Calls that are under way may end within it, once the plugin was told to stop."""
ONLY_OURS = 0o600
"""Mode of the socket: whoever may open it may use every store's database through it."""


def run(name: str, version: str, arguments: Sequence[str], services: Callable[[], Services]) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code.

    Flags that are not known are passed over: a later host may send more.

    Args:
        services: makes what is served, on the event loop.
    """
    flags = argparse.ArgumentParser(
        name, description="A plugin of atest; it is started by its host.", allow_abbrev=False
    )
    flags.add_argument("--socket", help="the path of the Unix socket to listen on")
    flags.add_argument("--port", "-p", type=int, help="the port of 127.0.0.1 to listen on, where there is no socket")
    flags.add_argument("--version", action="version", version=version)
    given, _ = flags.parse_known_args(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")  # to stderr, which its host keeps
    try:
        asyncio.run(_serve(f"{name}@{version}", given.socket, given.port, services))
    except AssayError as error:
        sys.stderr.write(f"{name}: {error.message}\n")
        return error.exit_code
    return 0


async def _serve(who: str, path: str | None, port: int | None, services: Callable[[], Services]) -> None:
    healthy = cast("Any", health).aio.HealthServicer()  # there only at run time
    made = services()
    server = make_server(made, reflect=True, health=healthy)
    sockets = Sockets(server, ONLY_OURS)
    try:
        address = _listen(server, sockets, path, port)
        await server.start()
        for service in ("", *(one.full_name for one in made)):
            await healthy.set(service, HealthCheckResponse.SERVING)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        sys.stdout.write(f"{who} is running at {address}\n")
        sys.stdout.flush()
        await stop.wait()
        await healthy.enter_graceful_shutdown()
        await server.stop(GRACE_S)
    finally:
        sockets.remove()


def _listen(server: aio.Server, sockets: Sockets, path: str | None, port: int | None) -> str:
    if path:
        absolute = Path(path).absolute()
        sockets.bind(absolute)
        return f"unix://{absolute}"
    if port is None or not 0 < port < 65_536:
        raise Invalid("--socket PATH or --port NUMBER: say where to listen.")
    return listen_at(server, port)

"""Runs a plugin of atest: its flags, where it listens, and its end."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
import stat
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from grpc_health.v1 import health
from grpc_health.v1.health_pb2 import HealthCheckResponse

from assay.faces.rpc import Services, make_server
from assay.kernel.errors import AssayError, Conflict, Invalid, Unavailable

GRACE_S = 5.0
"""Calls that are under way may end within it, once the plugin was told to stop."""
LONGEST_PATH = 107
"""Bytes of a socket's path; the kernel has no room for more."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a plugin listens: a socket, or a port of this machine."""

    path: Path | None
    port: int = 0

    def __str__(self) -> str:
        return f"127.0.0.1:{self.port}" if self.path is None else f"unix://{quote(str(self.path))}"


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
        address = _address(given.socket, given.port)
        asyncio.run(_serve(f"{name}@{version}", address, services))
    except AssayError as error:
        sys.stderr.write(f"{name}: {error.message}\n")
        return error.exit_code
    return 0


def _address(path: str | None, port: int | None) -> Address:
    if path:
        absolute = Path(path).absolute()
        if len(str(absolute).encode()) > LONGEST_PATH:
            raise Invalid(f"--socket: the path has more than {LONGEST_PATH} bytes; use a shorter folder.")
        return Address(absolute)
    if port is None or not 0 < port < 65_536:
        raise Invalid("--socket PATH or --port NUMBER: say where to listen.")
    return Address(None, port)


async def _serve(who: str, address: Address, services: Callable[[], Services]) -> None:
    healthy = cast("Any", health).aio.HealthServicer()  # there only at run time
    made = services()
    server = make_server(made, reflect=True, health=healthy)
    if address.path is not None:
        _clear(address.path)
    mask = os.umask(0o177)  # whoever may open the socket may use every store's database through it
    try:
        server.add_insecure_port(str(address))
    except RuntimeError:
        raise Unavailable(f"It is not possible to listen at {address}.") from None
    finally:
        os.umask(mask)
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
    if address.path is not None:
        address.path.unlink(missing_ok=True)


def _clear(path: Path) -> None:
    """Remove the socket that a plugin left which was killed; raises Conflict for what is something else."""
    try:
        kind = path.lstat().st_mode
    except OSError:
        return
    if not stat.S_ISSOCK(kind):
        raise Conflict(f"--socket: {path} is there, and is no socket.")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise Conflict(f"--socket: another program listens at {path}.")

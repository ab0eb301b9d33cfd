"""Serves the application on a socket until a signal comes, and then lets go of it in order."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from assay.kernel.errors import Unavailable

GRACE_S = 8
"""So long requests may take to end once the server stops."""


class _Server(uvicorn.Server):
    """Tells when it is ready, and ends streams when it stops."""

    def __init__(self, config: uvicorn.Config, closing: asyncio.Event, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._closing = closing
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Look whether to stop; end streams first, or they would hold the connections open."""
        stop = await super().on_tick(counter)
        if stop:
            self._closing.set()
        return stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop on the first signal, at once on the second; the signal is not raised again after."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True


async def serve(app: Starlette, host: str, port: int, on_ready: Callable[[int], None]) -> None:
    """Serve until SIGINT, SIGTERM or cancelled: open streams end, requests get 8 s, then this returns.

    Args:
        port: 0 takes a free one.
        on_ready: told the port once requests are answered.

    Raises Unavailable when the address cannot be listened on.
    """
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # that it started, we say ourselves
    listening = _listen(host, port)
    config = uvicorn.Config(
        app, loop="none", http="httptools", ws="none", lifespan="on", log_config=None, access_log=False,
        server_header=False, proxy_headers=False, timeout_graceful_shutdown=GRACE_S, timeout_keep_alive=30,
        h11_max_incomplete_event_size=None,
    )  # fmt: skip
    bound: int = listening.getsockname()[1]
    server = _Server(config, app.state.closing, lambda: on_ready(bound))
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="serve")
    stops = 0
    while not serving.done():
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:  # stop as a signal would: in order first, at once when asked again and again
            stops += 1
            server.should_exit = True
            server.force_exit = stops > 2
    await serving
    if stops:
        raise asyncio.CancelledError


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Inherited by every connection: without it an answer in two writes waits 40 ms for a delayed acknowledgement.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.bind((host.strip("[]"), port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        reason = error.strerror or str(error)
        raise Unavailable(f"Cannot listen on {host}:{port}: {reason}.", cure="Take another port: --port 0.") from None
    listening.setblocking(False)
    return listening

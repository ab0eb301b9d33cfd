"""Serves MCP over standard input and output; over HTTP it is a part of the REST application."""

from __future__ import annotations

from mcp.server.stdio import stdio_server

from assay.faces.mcp.server import make
from assay.kernel.house import House
from assay.kernel.secret import Secret


async def stdio(house: House, credential: Secret) -> None:
    """Serve one client on standard input and output until it closes them."""
    server = make(house, lambda _: credential)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())

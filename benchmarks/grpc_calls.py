"""What a call over gRPC takes beside a bare one: p50 and p95 in milliseconds, as the client sees them.

    python benchmarks/grpc_calls.py [CALLS]

`echo` is a method on grpc.aio that returns its message; `capabilities` asks two operations, `validate` has SQL checked
and planned by SQLite and its evidence written down; `query` goes through a plugin, and `plugin` asks that plugin
itself. Client and server are in one process and one call follows the other. `apart` is what Assay adds to a plugin's
own time (bar: p95 under 100). Exits 1 when `capabilities`, `validate` or `apart` is over the bar.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import uvloop
from _demo import say
from _plugins import NAME, install, until
from grpc import aio

from assay.faces.grpc.serve import listening
from assay.main import open_house
from assay.plugins.supervisor import Supervisor
from assay.runtime.settings import Settings
from assay.runtime.telemetry import set_up_logs
from assay.wire import server_pb2 as wire

CALLS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
BAR_MS = 100.0
WARM = 50
VALIDATE = wire.ValidateSQLRequest(sql="SELECT count(*) FROM users WHERE name = 'x'", database_key="shop")
QUERY = wire.DataQuery(key="rows")


@asynccontextmanager
async def echoing() -> AsyncIterator[str]:
    """Serve a method that returns its message."""

    async def echo(request: bytes, context: Any) -> bytes:
        return request

    server = aio.server()
    handlers = {"Echo": grpc.unary_unary_rpc_method_handler(echo)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bare.Bare", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[str, str, str]]:
    """Serve a house with a database and a plugin; yield the address, a token, and where the plugin listens."""
    (folder / "bin").mkdir(mode=0o755)
    install(folder / "bin")
    (folder / "stores.yaml").write_text(f"stores: [{{name: one, kind: {{name: {NAME}}}}}]\n")
    (folder / "stores.yaml").chmod(0o600)
    with sqlite3.connect(folder / "shop.db") as database:
        database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
    settings = Settings(home=folder / "home", grpc_port=0, calls_per_minute=1e6, calls_burst=1_000_000,
                        stores_file=folder / "stores.yaml", plugins_bin=folder / "bin")  # fmt: skip
    async with open_house(settings, background=True) as (house, token), listening(house) as address:
        connect = {"name": "shop", "dsn": f"sqlite:///{folder / 'shop.db'}"}
        await house.call("sources.connect", connect, credential=token)
        supervisor: Supervisor = house.desk.ports.more[Supervisor]
        await until(lambda: supervisor.connection("one").state == "ready")
        assert address is not None
        yield address, token.reveal(), supervisor.plugin(NAME).address or ""


async def timed(name: str, ask: Callable[[], Awaitable[object]]) -> dict[str, float]:
    """Ask again and again."""
    took: list[float] = []
    for _ in range(WARM + CALLS):
        began = time.perf_counter()
        await ask()
        took.append((time.perf_counter() - began) * 1e3)
    took = sorted(took[WARM:])
    return {f"{name}_p50_ms": round(took[len(took) // 2], 3), f"{name}_p95_ms": round(took[len(took) * 95 // 100], 3)}


def method(channel: aio.Channel, path: str, message: Any, *said: tuple[str, str]) -> Callable[[], Awaitable[object]]:
    """A call of a method, ready to be made."""
    made = channel.unary_unary(path, request_serializer=lambda one: one.SerializeToString())
    return lambda: made(message, metadata=said)


async def main() -> dict[str, float]:
    """Measure all in one run."""
    set_up_logs("warning", "json")
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="grpc-") as name:
        async with serving(Path(name)) as (address, token, plugin), echoing() as bare:
            shown = ("authorization", f"Bearer {token}")
            async with (
                aio.insecure_channel(bare) as echo,
                aio.insecure_channel(address) as ours,
                aio.insecure_channel(plugin, options=(("grpc.default_authority", "localhost"),)) as theirs,
            ):
                asked = {
                    "echo": method(echo, "/bare.Bare/Echo", QUERY),
                    "capabilities": method(ours, "/server.Runner/GetAICapabilities", wire.Empty(), shown),
                    "validate": method(ours, "/server.Runner/ValidateSQL", VALIDATE, shown),
                    "query": method(ours, "/server.DataServer/Query", QUERY, shown, ("x-store-name", "one")),
                    "plugin": method(theirs, "/remote.Loader/Query", QUERY),
                }
                for name, ask in asked.items():
                    figures |= await timed(name, ask)
    figures["apart_p95_ms"] = round(figures["query_p95_ms"] - figures["plugin_p95_ms"], 3)
    return figures


if __name__ == "__main__":
    found = uvloop.run(main())
    say(benchmark="grpc", calls=CALLS, **found)
    sys.exit(int(max(found[f"{name}_p95_ms"] for name in ("capabilities", "validate", "apart")) > BAR_MS))

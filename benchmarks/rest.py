"""What a POST costs the server: CPU microseconds, with sign-in, limits, validation, the audit and a trace; beside bare.

    python benchmarks/rest.py [REQUESTS]

A server process answers one client over kept-alive connections; its CPU time is read from /proc, so the client's is
not in it. `bare` is an ASGI function that reads the body and answers 200 on the same uvicorn, in the same run.
Then /health is asked while nothing else happens: p50 and p99 as the client sees them, in milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import create_engine, insert
from starlette.applications import Starlette

from assay.accounts._store import tokens
from assay.accounts.capability import ACCOUNTS
from assay.accounts.gate import TokenGate
from assay.accounts.limits import Buckets
from assay.accounts.tokens import fresh
from assay.adapters.store.sqlite import SqliteStore
from assay.adapters.vault.memory import MemoryVault
from assay.evidence.ledger import SealedLedger
from assay.faces.rest.app import build
from assay.faces.rest.serve import serve
from assay.kernel.catalogue import Capability
from assay.kernel.context import Context, Ports
from assay.kernel.house import House
from assay.kernel.operation import Post, operation
from assay.kernel.values import Value
from assay.ports.store import Change
from assay.ports.tables import metadata
from assay.runtime.settings import Settings
from assay.runtime.telemetry import set_up_logs, set_up_traces

REQUESTS = 10_000
TICK = os.sysconf("SC_CLK_TCK")


class Say(Value):
    """Words to say back."""

    words: str
    times: int = 1
    tags: tuple[str, ...] = ()


class Said(Value):
    """Words."""

    words: str
    times: int


@operation("bench.say", effect="write", needs="bench:say", http=Post("/api/v1/bench"))
async def say_back(asked: Say, ctx: Context) -> Said:
    """Say words back."""
    return Said(words=asked.words, times=asked.times)


BENCH = Capability(name="bench", title="Bench", group="House", package="bench", operations=(say_back,))


class NoWorkers:
    """Nothing thinks for long here."""

    async def close(self) -> None:
        """Nothing to stop."""


def tell(port: int, token: str = "") -> None:
    """Say where the server is."""
    sys.stdout.write(json.dumps({"port": port, "token": token}) + "\n")
    sys.stdout.flush()


async def bare() -> None:
    """Serve an ASGI function."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        while (await receive()).get("more_body"):
            pass
        body = b'{"words":"hello","times":3}'
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})

    holder = Starlette()
    holder.state.closing = asyncio.Event()
    holder.middleware_stack = app  # pyright: ignore[reportAttributeAccessIssue]
    await serve(holder, "127.0.0.1", 0, on_ready=tell)


async def ours(folder: Path) -> None:
    """Serve a house on SQLite."""
    settings = Settings(home=folder, calls_per_minute=1e7, calls_burst=10_000_000)
    engine = create_engine(f"sqlite:///{settings.database}")
    metadata.create_all(engine)
    engine.dispose()
    store = SqliteStore(settings.database)
    vault = MemoryVault()
    gate = TokenGate(store, timedelta(days=1))
    ports = Ports(
        store=store, ledger=SealedLedger(store, vault), vault=vault, workers=NoWorkers(), more={TokenGate: gate}
    )  # pyright: ignore[reportArgumentType]
    house = House([BENCH, ACCOUNTS], ports=ports, gate=gate, limiter=Buckets(store), settings=settings, version="0")
    await house.open()
    token, row = fresh("token", caller_id="u", name="u", roles=("admin",), scopes=("*:*",), lasts=timedelta(days=1))
    await store.commit([Change(insert(tokens).values(**row))])
    try:
        await serve(build(house, page=None), "127.0.0.1", 0, on_ready=lambda port: tell(port, token))
    finally:
        await house.close()


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


async def ask(port: int, request: bytes, times: int) -> list[float]:
    """Send a request again and again on one connection; return how long each took, in seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head[:20]:
            raise RuntimeError(head.decode() + (await reader.read(2_000)).decode())
        if b"transfer-encoding: chunked" in head.lower():
            await reader.readuntil(b"0\r\n\r\n")
        else:
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
        took.append(time.perf_counter() - began)
    writer.close()
    return took


async def measure(kind: str, requests: int) -> dict[str, float]:
    """Start a server, ask it, and return its figures."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        arguments = (sys.executable, __file__, "--serve", kind, folder)
        child = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
        try:
            assert child.stdout is not None
            there = json.loads(await child.stdout.readline())
            body = b'{"words": "hello", "times": 3, "tags": ["a", "b"]}'
            lines = [b"POST /api/v1/bench HTTP/1.1", b"Host: 127.0.0.1", b"Content-Type: application/json"]
            lines += [b"Authorization: Bearer " + there["token"].encode(), b"Content-Length: %d" % len(body), b"", body]
            request = b"\r\n".join(lines)
            await ask(there["port"], request, requests // 5)
            before = cpu_seconds(child.pid)
            each = await asyncio.gather(*(ask(there["port"], request, requests // 8) for _ in range(8)))
            spent = cpu_seconds(child.pid) - before
            figures = {f"{kind}_us": round(spent / sum(map(len, each)) * 1e6, 1)}
            if kind == "ours":
                took = sorted(await ask(there["port"], b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 2_000))
                figures["health_p50_ms"] = round(took[len(took) // 2] * 1e3, 3)
                figures["health_p99_ms"] = round(took[len(took) * 99 // 100] * 1e3, 3)
            return figures
        finally:
            child.terminate()
            await child.wait()


async def main(requests: int) -> None:
    """Measure both, twice, and print the better of each: the host is noisy."""
    best: dict[str, float] = {}
    for _ in range(2):
        for kind in ("bare", "ours"):
            for name, figure in (await measure(kind, requests)).items():
                best[name] = min(figure, best.get(name, figure))
    print(json.dumps({"benchmark": "rest", "requests": requests, **best}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        set_up_logs("info", "json")
        set_up_traces(None, "0")
        if profile := os.environ.get("BENCH_PROFILE"):
            import cProfile

            profiler = cProfile.Profile()
            profiler.enable()
        serving = bare() if sys.argv[2] == "bare" else ours(Path(sys.argv[3]))
        asyncio.run(serving, loop_factory=uvloop.new_event_loop) if sys.version_info >= (3, 12) else uvloop.run(serving)
        if profile:
            profiler.disable()
            profiler.dump_stats(profile)
    else:
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else REQUESTS))

"""What a plugin costs the program that hosts it: start-up, memory, and what a call takes beside the plugin's own time.

    python benchmarks/plugins_host.py [PAIRS [CALLS]]

`assay up` is started PAIRS times (10) on an empty home, in turn without stores, with one of `atest-store-ai`, and with
one of a small plugin. `start_ms` is from exec to the first /health that answers 200, `start_cpu_ms` the processor time
of the host until then, `ready_ms` from exec to a store that is ready. Memory is the host process alone, RSS in MB (what
it shares with the plugin's process, which would make its PSS smaller, is counted in full), once the store is ready and
its worker process warm, and again after CALLS calls (500) over REST: of the plugin, and without one of
`GET /api/v1/stores`. `plugin_mb` is the plugin's own process. Ratios are medians of those of starts beside each other,
since the machine has other work, too. Bar (`holds`): start and memory are at most 1.05 times what they are without
stores.
`grpc_mb` is what importing grpcio takes in a bare interpreter: the host has it with and without stores.

Then CALLS calls (500) of the small plugin over REST, p50 and p95 as a client sees them, beside the same call made of
the plugin's socket by the client itself; `apart` is what is left when that is taken away (bar: p95 under 100 ms).
`echo` is a method on grpc.aio that returns its message. Exits 1 when a bar is not met.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from _demo import say
from _hosting import hosting, settle, until
from _plugins import NAME
from rest import cpu_seconds

from assay.wire import server_pb2 as wire

PAIRS = int(sys.argv[1]) if sys.argv[1:2] not in ([], ["--echo"]) else 10
CALLS = int(sys.argv[2]) if len(sys.argv) > 2 else 500
BAR, BAR_MS = 1.05, 100.0
WARM = 50
KINDS = {"none": "", "ai": "atest-store-ai", "small": NAME}
IMPORTS = """
import asyncio, concurrent.futures, logging, ssl
from pathlib import Path
def rss(): return int(Path("/proc/self/smaps_rollup").read_text().partition("Rss:")[2].split()[0])
before = rss()
import grpc, grpc.aio
print(rss() - before)
"""
STORES = """
stores:
- {{name: one, kind: {{name: {kind}}}}}
- name: bot
  kind: {{name: {kind}, categories: [ai]}}
  properties: {{rate_limit.requests_per_minute: "10000", rate_limit.burst_size: "1000"}}
"""
GENERATE = {"plugin_name": "bot", "model": "m", "prompt": "how many users are there?", "config": "{}"}


def rss(pid: int) -> float:
    """Resident memory of a process, in MB."""
    return int(Path(f"/proc/{pid}/smaps_rollup").read_text().partition("Rss:")[2].split()[0]) / 1024


def started(name: str) -> dict[str, float]:
    """Start a host once, and take its figures."""
    kind, figures = KINDS[name], dict[str, float]()
    stores = f"stores: [{{name: one, kind: {{name: {kind}}}}}]\n" if kind else ""
    method, path, body = ("POST", "/api/v1/stores/verify", {"name": "one"}) if kind else ("GET", "/api/v1/stores", None)
    with tempfile.TemporaryDirectory(prefix="plugins-") as folder:
        began = time.perf_counter()
        with hosting(Path(folder), stores) as host:
            pid = host.process.pid
            until(host.is_up)
            figures["start_ms"] = (time.perf_counter() - began) * 1e3
            figures["start_cpu_ms"] = cpu_seconds(pid) * 1e3
            until(host.is_ready)
            figures["ready_ms"] = (time.perf_counter() - began) * 1e3
            settle(host)
            figures["memory_mb"] = rss(pid)
            if kind:
                figures["plugin_mb"] = rss(host.children("--socket")[0])
            for _ in range(CALLS):
                host.ask(method, path, body)
            figures["memory_after_mb"] = rss(pid)
    return figures


def timed(name: str, ask: Callable[[], object]) -> dict[str, float]:
    """Ask again and again."""
    took: list[float] = []
    for _ in range(WARM + CALLS):
        began = time.perf_counter()
        ask()
        took.append((time.perf_counter() - began) * 1e3)
    took = sorted(took[WARM:])
    return {f"{name}_p50_ms": round(took[len(took) // 2], 3), f"{name}_p95_ms": round(took[len(took) * 95 // 100], 3)}


@contextmanager
def echoing() -> Iterator[str]:
    """Serve, in a process of its own, a method that returns its message."""
    command = (sys.executable, __file__, "--echo")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


async def echo() -> None:
    """Serve that method, and say where."""

    async def handle(request: bytes, context: Any) -> bytes:
        return request

    server = grpc.aio.server()
    handlers = {"Echo": grpc.unary_unary_rpc_method_handler(handle)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bare.Bare", handlers),))
    sys.stdout.write(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}\n")
    sys.stdout.flush()
    await server.start()
    await server.wait_for_termination()


def method(channel: grpc.Channel, path: str, message: wire.DataQuery) -> Callable[[], object]:
    """A call of a method, ready to be made."""
    made = channel.unary_unary(path, request_serializer=wire.DataQuery.SerializeToString)
    return lambda: made(message)


def called() -> dict[str, float]:
    """Measure calls of the small plugin, through the host and without it."""
    figures: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory(prefix="plugins-") as folder,
        hosting(Path(folder), STORES.format(kind=NAME)) as host,
        echoing() as bare,
    ):
        settle(host)
        socket_of = f"unix://{host.home}/run/{NAME}.sock"
        with (
            grpc.insecure_channel(bare) as echoes,
            grpc.insecure_channel(socket_of, options=(("grpc.default_authority", "localhost"),)) as plugin,
        ):
            older = wire.DataQuery(type="ai", key="generate", sql=json.dumps(GENERATE))
            asked = {
                "echo": method(echoes, "/bare.Bare/Echo", wire.DataQuery(key="rows")),
                "plugin_query": method(plugin, "/remote.Loader/Query", wire.DataQuery(key="rows")),
                "plugin_generate": method(plugin, "/remote.Loader/Query", older),
                "query": lambda: host.ask("POST", "/api/v1/data/query", {"store": "one", "key": "rows"}),
                "generate": lambda: host.ask("POST", "/api/v1/ai/generate", GENERATE),
                "stores": lambda: host.ask("GET", "/api/v1/stores"),
            }
            said = host.ask("POST", "/api/v1/ai/generate", GENERATE)
            if not said["success"]:  # which has the status 200 there
                raise RuntimeError(said["error"])
            for name, ask in asked.items():
                figures |= timed(name, ask)
    apart = {name: figures[f"{name}_p95_ms"] - figures[f"plugin_{name}_p95_ms"] for name in ("query", "generate")}
    return figures | {f"{name}_apart_p95_ms": round(value, 3) for name, value in apart.items()}


def main() -> int:
    """Measure all; 1 when a bar is not met."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in KINDS}
    names = list(KINDS)
    for number in range(PAIRS):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            runs[name].append(started(name))
    middle = {
        name: {key: statistics.median(run[key] for run in took) for key in took[0]} for name, took in runs.items()
    }
    told: dict[str, Any] = {}
    for name, figures in middle.items():
        told[name] = {key: round(value, 1) for key, value in figures.items()}
        if name != "none":
            for key in ("start_ms", "start_cpu_ms", "memory_mb", "memory_after_mb"):
                pairs = [run[key] / other[key] for run, other in zip(runs[name], runs["none"], strict=True)]
                told[name][f"{key}_ratio"] = round(statistics.median(pairs), 3)
            bound = ("start_ms", "memory_mb", "memory_after_mb")
            told[name]["holds"] = all(told[name][f"{key}_ratio"] <= BAR for key in bound)
    bare = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    calls = called()
    say("plugins_host", pairs=PAIRS, calls=CALLS, bar=BAR, bar_ms=BAR_MS, grpc_mb=round(int(bare.stdout) / 1024, 1),
        **told, **calls, cpus=os.cpu_count(), load=round(os.getloadavg()[0], 2))  # fmt: skip
    late = max(calls[f"{name}_p95_ms"] for name in ("query_apart", "generate_apart", "stores"))
    return int(not (told["ai"]["holds"] and told["small"]["holds"]) or late > BAR_MS)


if __name__ == "__main__":
    if sys.argv[1:] == ["--echo"]:
        asyncio.run(echo())
    else:
        sys.exit(main())

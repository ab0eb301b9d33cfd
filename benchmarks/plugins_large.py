"""What others notice while a plugin's reply of 20 MB is read: how long /health takes, in milliseconds.

    python benchmarks/plugins_large.py [REPLIES]

`assay up` is asked over REST, by a process of its own, for REPLIES replies (10) of a small plugin, one after the other:
of 20,000 rows of a kilobyte (`wide`), and of 90,000 rows of ten short values (`many`). `/health` is asked without a
pause meanwhile, and before that while nothing else happens (`idle`, the bound): p50, p99 and the worst. `took` is the
median time until such a reply was there, in seconds.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from _demo import say
from _hosting import Host, hosting, settle
from _plugins import NAME

REPLIES = int(sys.argv[1]) if len(sys.argv) > 1 else 10
IDLE_S = 5.0
SHAPES = {"wide": ("large", 20_000), "many": ("many", 90_000)}


def fetch(port: int, token: str, asked: dict[str, object]) -> float:
    """Ask for a reply, read all of it, and return how many seconds that took."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    connection.request("POST", "/api/v1/data/query", json.dumps(asked), headers)
    answer = connection.getresponse()
    size = len(answer.read())
    if answer.status != 200 or size < 20_000_000:
        raise RuntimeError(f"status {answer.status}, {size} bytes")
    return time.perf_counter() - began


def watched(host: Host, going_on: Callable[[], bool]) -> list[float]:
    """Ask /health for as long as something goes on; return how many milliseconds each took, sorted."""
    took: list[float] = []
    while going_on():
        began = time.perf_counter()
        host.ask("GET", "/health")
        took.append((time.perf_counter() - began) * 1e3)
        time.sleep(0.001)
    return sorted(took)


def figures(name: str, took: list[float]) -> dict[str, float]:
    """What is told of the times."""
    shares = {"p50": took[len(took) // 2], "p99": took[len(took) * 99 // 100], "worst": took[-1]}
    return {f"{name}_{share}_ms": round(value, 2) for share, value in shares.items()}


def main() -> dict[str, Any]:
    """Measure all in one run."""
    stores = f"stores: [{{name: one, kind: {{name: {NAME}}}}}]\n"
    with tempfile.TemporaryDirectory(prefix="plugins-") as folder, hosting(Path(folder), stores) as host:
        settle(host)
        end = time.perf_counter() + IDLE_S
        told: dict[str, Any] = figures("idle", watched(host, lambda: time.perf_counter() < end))
        with ProcessPoolExecutor(1) as client:
            for name, (key, limit) in SHAPES.items():
                asked = {"store": "one", "key": key, "limit": limit}
                client.submit(fetch, host.port, host.token, asked).result()
                fetched = [client.submit(fetch, host.port, host.token, asked) for _ in range(REPLIES)]
                told |= figures(name, watched(host, lambda last=fetched[-1]: not last.done()))
                told[f"{name}_took_s"] = round(statistics.median(one.result() for one in fetched), 2)
    return told


if __name__ == "__main__":
    say("plugins_large", replies=REPLIES, **main(), cpus=os.cpu_count(), load=round(os.getloadavg()[0], 2))

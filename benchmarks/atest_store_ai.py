"""How long atest-store-ai takes from exec to its first successful Verify, cold and warm.

    python benchmarks/atest_store_ai.py

Cold is the first run after an installation that compiled nothing: there is byte code of Python's own library only, and
everything else that is imported is compiled. Each run has a new home, so that its database has to be made, too. Status
1 says that a median missed the bar; the load of the machine stands beside the figures.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import grpc

import assay.atest_store_ai
from assay.wire import server_pb2

RUNS, BAR_S = 10, 2.0
_CHANNEL = [(f"grpc.{name}_reconnect_backoff_ms", 20) for name in ("initial", "min", "max")]


def exec_to_verify(folder: Path, code: Path) -> tuple[float, float]:
    """Start it, and ask until it is ready; return wall-clock seconds, and seconds of CPU until it was stopped."""
    socket = folder / "s.sock"
    command = [sys.executable, "-m", "assay.atest_store_ai", "--socket", str(socket), "--no-also-default-socket"]
    env = {**os.environ, "ASSAY_HOME": str(folder / "home"), "PYTHONPYCACHEPREFIX": str(code)}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not socket.exists() and process.poll() is None:
            time.sleep(0.002)
        with grpc.insecure_channel(f"unix://{socket}", options=_CHANNEL) as channel:
            verify = channel.unary_unary(
                "/remote.Loader/Verify", request_serializer=server_pb2.Empty.SerializeToString,
                response_deserializer=server_pb2.ExtensionStatus.FromString,
            )  # fmt: skip
            status = verify(server_pb2.Empty(), timeout=60, wait_for_ready=True)
        took = time.perf_counter() - began
        process.kill()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if not status.ready:
        raise SystemExit(f"not ready: {status.message}")
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def figures(runs: Sequence[tuple[float, float]]) -> dict[str, object]:
    """What is told of some runs."""
    walls = [wall for wall, _ in runs]
    return {
        "median_s": round(statistics.median(walls), 3), "worst_s": round(max(walls), 3),
        "cpu_median_s": round(statistics.median(cpu for _, cpu in runs), 3),
        "passed": statistics.median(walls) <= BAR_S,
    }  # fmt: skip


def forget_what_was_installed(code: Path) -> None:
    """Remove the byte code of all but Python's own library from a folder of byte code."""
    for package in sysconfig.get_path("purelib"), str(Path(assay.atest_store_ai.__file__).parents[1]):
        shutil.rmtree(code / package.lstrip("/"), ignore_errors=True)


def main() -> int:
    """Measure both; 1 when a median misses the bar."""
    cold: list[tuple[float, float]] = []
    warm: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory(prefix="assay") as name:
        code = Path(name) / "code"
        for number in range(1 + 2 * RUNS):
            folder = Path(name) / str(number)
            folder.mkdir()
            took = exec_to_verify(folder, code)
            if number:  # the very first one compiles Python's own library, too
                (warm if number % 2 == 0 else cold).append(took)
            if number % 2 == 0:
                forget_what_was_installed(code)
    found = {"cold": figures(cold), "warm": figures(warm)}
    load = os.getloadavg()[0]
    print(json.dumps({
        "benchmark": "atest_store_ai", "what": "exec to first successful Verify", "runs": RUNS, "bar_s": BAR_S, **found,
        "cpus": os.cpu_count(), "load": round(load, 2),
    }))  # fmt: skip
    return 0 if all(one["passed"] for one in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Whether crashes of plugins leave anything behind, and how soon a caller is told; 300 cycles of kill -9 and restart.

    python benchmarks/plugins_faults.py [CYCLES]

In each cycle the plugin is killed under a call that is under way. `told_ms` is from the kill to the error that the
caller gets (bar: 500), `back_ms` to a store that is ready again. What is compared at the end with the tenth cycle:
processes of ours, open files, sockets in the folder, resident memory in MB. Exits 1 when a bar is not met: processes,
files or sockets grew, memory grew by more than 8 MB, or an error came late.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from _demo import say
from _plugins import NAME, install, supervising, until

from assay.plugins.pace import Pace
from assay.ports.deadline import Deadline
from assay.ports.errors import Unavailable
from assay.ports.loader import DataQuery

CYCLES = int(sys.argv[1]) if len(sys.argv) > 1 else 300
HANG = DataQuery(key="hang")
BAR_MS, MOST_MB, SETTLED = 500, 8, 10


def held(run: Path) -> dict[str, float]:
    """What this process holds now."""
    status = Path("/proc/self/status").read_text()
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return {
        "processes": len(children), "files": len(list(Path("/proc/self/fd").iterdir())),
        "sockets": len(list(run.glob("*.sock"))),
        "memory_mb": round(int(status.partition("VmRSS:")[2].split()[0]) / 1024, 1),
    }  # fmt: skip


async def main() -> dict[str, Any]:
    """Kill it again and again."""
    told: list[float] = []
    back: list[float] = []
    first: dict[str, float] = {}
    pace = Pace(first_back_off_s=0.01, longest_back_off_s=0.01, restarts=10 * CYCLES)
    async with supervising(pace) as (supervisor, folder):
        install(folder / "bin")
        store, plugin = supervisor.connection("one"), supervisor.plugin(NAME)
        await until(lambda: store.state == "ready")
        for cycle in range(CYCLES):
            if cycle == min(SETTLED, CYCLES - 1):
                first = held(folder / "run")
            call = asyncio.ensure_future(store.ask(lambda one: one.query(HANG, Deadline.after(60)), "query"))
            await asyncio.sleep(0.02)
            pid, at = plugin.pid, time.perf_counter()
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            try:
                await call
            except Unavailable as error:
                assert NAME in error.message
            told.append((time.perf_counter() - at) * 1e3)
            await until(lambda pid=pid: store.state == "ready" and plugin.pid not in (None, pid))
            back.append((time.perf_counter() - at) * 1e3)
        last = held(folder / "run")
    left = {name: round(last[name] - first[name], 1) for name in last}
    return {
        "cycles": CYCLES, "told_ms": round(statistics.median(told), 1), "told_worst_ms": round(max(told), 1),
        "back_ms": round(statistics.median(back)), "back_worst_ms": round(max(back)), "restarts": plugin.restarts,
        **{f"more_{name}": value for name, value in left.items()},
    }  # fmt: skip


if __name__ == "__main__":
    found = asyncio.run(main())
    say("plugins_faults", bar_told_ms=BAR_MS, **found)
    grew = max(found["more_processes"], found["more_files"], found["more_sockets"]) > 0
    sys.exit(1 if grew or found["more_memory_mb"] > MOST_MB or found["told_worst_ms"] > BAR_MS else 0)

"""How long a plugin takes from exec to the first Verify that it answers, in milliseconds; the bar is 2,000.

    python benchmarks/plugins_start.py [RUNS]

The plugin is a Python program over grpcio. `warm`: as after any install, which compiles it. `uncompiled`: not even the
interpreter's own library is, which is worse than any first run. `seen`: from the moment at which the program appears in
the folder of plugins to a store that is ready. `back`: from a kill -9 to a store that is ready again. Medians and the
worst of RUNS (10). Exits 1 when the median of `warm` is over the bar.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import sys
from typing import Any

from _demo import say
from _plugins import NAME, install, supervising, until

from assay.plugins.pace import Pace

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 10
BAR_MS = 2_000
UNCOMPILED = "-X pycache_prefix=/nonexistent"


async def main() -> dict[str, list[float]]:
    """Start it again and again."""
    took: dict[str, list[float]] = {"uncompiled": [], "warm": [], "seen": [], "back": []}
    async with supervising(Pace()) as (supervisor, folder):
        store = supervisor.connection("one")
        plugin = supervisor.plugin(NAME)
        for kind in ("uncompiled", "warm"):
            for _ in range(RUNS):
                program = install(folder / "bin", UNCOMPILED if kind == "uncompiled" else "")
                plugin.begin()
                seen = await until(lambda: store.state == "ready")
                took[kind].append(plugin.ready_after_ms or 0.0)
                if kind == "warm":
                    took["seen"].append(seen)
                await plugin.end("again")
                program.unlink()
        install(folder / "bin")
        for _ in range(RUNS):
            plugin.begin()
            await until(lambda: store.state == "ready")
            pid = plugin.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            took["back"].append(await until(lambda pid=pid: store.state == "ready" and plugin.pid not in (None, pid)))
            await plugin.end("again")
    return took


if __name__ == "__main__":
    found = asyncio.run(main())
    told: dict[str, Any] = {}
    for name, times in found.items():
        told |= {f"{name}_ms": round(statistics.median(times)), f"{name}_worst_ms": round(max(times))}
    say("plugins_start", runs=RUNS, bar_ms=BAR_MS, **told)
    sys.exit(0 if told["warm_ms"] <= BAR_MS else 1)

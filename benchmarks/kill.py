"""Whether the served program survives kill -9: at random points while it writes, simulates, scans and advises.

    ASSAY_KILLS=2000 python benchmarks/kill.py

Each time `assay up` is started anew on the same folder, three clients ask it over HTTP, and it is killed within a
second. In the end the ledger must verify, every acknowledged write and every cited piece of evidence must be there,
and every job that was acknowledged must have ended as done, or be marked. Exits 1 when one of these does not hold.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
from _demo import say

from assay_lab.shop import Shop

KILLS = int(os.environ.get("ASSAY_KILLS", "200"))
WORK: dict[str, dict[str, Any]] = {"scans": {}, "advice": {"seconds": 3}}
_URL = re.compile(r"http://127\.0\.0\.1:(\d+)/#token=")


class Program:
    """`assay up` on one folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        environment = {**os.environ, "ASSAY_HOME": str(home), "ASSAY_CALLS_PER_MINUTE": "1e6", "COLUMNS": "200"}
        environment |= {"ASSAY_CALLS_BURST": "100000", "ASSAY_LOG_LEVEL": "error"}
        command = [sys.executable, "-m", "assay.main", "up", "--port", "0"]
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        self.base = f"http://127.0.0.1:{self._port()}"

    def _port(self) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := _URL.search(line):
                return found[1]
        raise RuntimeError(f"assay up ended with {self._process.wait()}")

    def client(self) -> httpx.AsyncClient:
        """Speaks as the local administrator."""
        token = (self.home / "token").read_text().strip()
        return httpx.AsyncClient(base_url=self.base, headers={"authorization": f"Bearer {token}"}, timeout=60)

    def kill(self) -> None:
        """SIGKILL, and wait; a second time nothing happens."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


@contextlib.asynccontextmanager
async def served(home: Path) -> AsyncIterator[tuple[Program, httpx.AsyncClient]]:
    """The program, up, with a client; killed at the end."""
    program = await asyncio.to_thread(Program, home)
    try:
        async with program.client() as client:
            yield program, client
    finally:
        await asyncio.to_thread(program.kill)


class Acknowledged:
    """What the program answered for."""

    def __init__(self) -> None:
        self.tokens: set[str] = set()
        self.evidence: set[str] = set()
        self.jobs: set[str] = set()


async def _post(client: httpx.AsyncClient, path: str, **asked: Any) -> Any:
    return (await client.post(f"/api/v1/{path}", json=asked)).raise_for_status().json()


async def connect(home: Path, dsn: str) -> list[dict[str, Any]]:
    """Connect the shop, scan and advise once; return recommendations that can be simulated."""
    async with served(home) as (_, client):
        await _post(client, "sources", name="shop", dsn=dsn)
        for path in WORK:
            await _ended(client, (await _post(client, path))["id"])
        listed = (await client.get("/api/v1/recommendations")).raise_for_status().json()
        can = [one for one in listed["items"] if one["helps"] and one["verdict"] == "assayed"]
        assert can, "the shop gave nothing to simulate"
        return can


async def _ended(client: httpx.AsyncClient, id: str) -> str:
    async with asyncio.timeout(1_200):
        while True:
            job = (await client.get(f"/api/v1/jobs/{id}")).raise_for_status().json()
            if job["ended_at"] is not None:
                return str(job["state"])
            await asyncio.sleep(0.1)


async def one_life(home: Path, can: list[dict[str, Any]], kept: Acknowledged) -> None:
    """Start, let clients ask, kill within a second."""
    async with served(home) as (program, client):

        async def write() -> None:
            kept.tokens.add((await _post(client, "tokens", name="k"))["id"])

        async def simulate() -> None:
            one = random.choice(can)
            asked = {"query_id": one["helps"][0], "rec_id": one["id"], "mode": "hypopg"}
            kept.evidence.update((await _post(client, "simulate", **asked))["evidence"])

        async def work() -> None:
            path, asked = random.choice(list(WORK.items()))
            kept.jobs.add((await _post(client, path, **asked))["id"])
            await asyncio.sleep(random.uniform(0.2, 0.6))  # not more than it can ever work off

        tasks = [asyncio.create_task(_again(act)) for act in (write, simulate, work)]
        await asyncio.sleep(random.uniform(0, 1.0))
        await asyncio.to_thread(program.kill)
        await asyncio.gather(*tasks)


async def _again(act: Callable[[], Awaitable[None]]) -> None:
    """Go on until the program is gone; a conflict, or a fix that a newer advice does not have, is no loss."""
    while True:
        try:
            await act()
        except httpx.HTTPStatusError as refused:
            if refused.response.status_code not in (httpx.codes.CONFLICT, httpx.codes.NOT_FOUND):
                raise
            await asyncio.sleep(0.02)
        except httpx.TransportError:
            return


async def judge(home: Path, kept: Acknowledged) -> dict[str, Any]:
    """Start once more, let jobs end, and compare with what was acknowledged."""
    async with served(home) as (_, client):
        states = Counter([await _ended(client, id) for id in kept.jobs])
        ledger = (await client.get("/api/v1/evidence:verify")).raise_for_status().json()
        lost = [
            id for id in kept.evidence if (await client.get(f"/api/v1/evidence/{id}")).status_code != httpx.codes.OK
        ]
        listed, cursor = set[str](), None
        while True:
            asked = {"kind": "token", "limit": 500, **({"cursor": cursor} if cursor else {})}
            page = (await client.get("/api/v1/tokens", params=asked)).raise_for_status().json()
            listed |= {line["id"] for line in page["items"]}
            if (cursor := page["next_cursor"]) is None:
                break
    return {
        "ledger_whole": ledger["whole"], "broken": ledger["broken"], "entries": ledger["checked"],
        "tokens": len(kept.tokens), "tokens_lost": len(kept.tokens - listed),
        "evidence": len(kept.evidence), "evidence_lost": len(lost), "jobs": dict(states),
    }  # fmt: skip


async def main(home: Path, dsn: str, kills: int) -> dict[str, Any]:
    """Kill the program so often; return what was found."""
    can = await connect(home, dsn)
    kept, began = Acknowledged(), time.perf_counter()
    for _ in range(kills):
        await one_life(home, can, kept)
    found = await judge(home, kept)
    return {"kills": kills, **found, "seconds": round(time.perf_counter() - began, 1)}


def holds(found: dict[str, Any]) -> bool:
    """Whether nothing was lost."""
    ended = set(found["jobs"]) <= {"done", "interrupted"}
    return bool(found["ledger_whole"] and ended and not found["tokens_lost"] and not found["evidence_lost"])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="assay-kill-") as folder:
        shop = Shop(Path(folder) / "shop", scale=0.02)
        try:
            result = asyncio.run(main(Path(folder) / "home", shop.start(lambda _step, _share: None), KILLS))
        finally:
            shop.stop()
    say("kill", **result)
    sys.exit(0 if holds(result) else 1)

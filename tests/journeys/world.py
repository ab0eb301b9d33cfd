"""A small world to walk through: the shop, and Assay on it, scanned and advised; ends with its standard input.

Run in a network namespace of its own it has nothing but the loopback, and neither has whoever enters it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from assay_lab.shop import Shop

SETTINGS = {"autovacuum": "off", "shared_buffers": "64MB"}


def main(folder: Path) -> None:
    """Start everything, print one line of JSON, wait for the end of standard input, stop everything."""
    shop = Shop(folder / "shop", scale=0.02, settings=SETTINGS)
    try:
        administrator = shop.start(lambda _step, _share: None)
        home = folder / "home"
        with subprocess.Popen(
            [sys.executable, "-m", "assay.main", "up", "--port", "0"],
            env={
                **os.environ,
                "ASSAY_HOME": str(home),
                "ASSAY_PLUGINS_BIN": str(folder / "plugins"),
                "ASSAY_LOG_LEVEL": "warning",
                "NO_COLOR": "1",
            },
            stdout=subprocess.PIPE,
            text=True,
        ) as up:
            try:
                url = sign_in_url(up)
                prepare(url.partition("/#")[0], (home / "token").read_text().strip(), administrator)
                print(json.dumps({"url": url, "pid": os.getpid()}), flush=True)
                sys.stdin.read()
            finally:
                up.terminate()
    finally:
        shop.stop()


def sign_in_url(up: subprocess.Popen[str]) -> str:
    """Read what `assay up` prints until the URL comes."""
    assert up.stdout is not None
    for line in up.stdout:
        if found := re.search(r"http://\S+#token=\S+", line):
            return found.group()
    raise SystemExit(f"assay up ended with {up.wait()} and printed no URL")


def prepare(base: str, token: str, administrator: str) -> None:
    """Make the accounts, connect the shop as the reader, scan, advise."""
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=60) as api:
        script = answer(api.post("/api/v1/sources:init", json={"database": "shop", "apply_dsn": administrator}))
        lines = Path(script["password_file"]).read_text().splitlines()
        reader = next(line.partition("=")[2] for line in lines if line.startswith("PROFILER_RO_DSN="))
        answer(api.post("/api/v1/sources", json={"name": "shop", "dsn": reader}))
        for path, asked in (("scans", {}), ("advice", {"seconds": 20})):
            finish(api, answer(api.post(f"/api/v1/{path}", json=asked)))


def finish(api: httpx.Client, job: dict[str, Any]) -> None:
    """Wait for a job."""
    until = time.monotonic() + 120
    while job["state"] in ("queued", "running") and time.monotonic() < until:
        with api.stream("GET", f"/api/v1/jobs/{job['id']}/events") as events:
            for _ in events.iter_lines():
                pass
        job = answer(api.get(f"/api/v1/jobs/{job['id']}"))
    assert job["state"] == "done", job


def answer(response: httpx.Response) -> dict[str, Any]:
    """The answer's JSON; whatever went wrong is shown."""
    assert response.is_success, response.text
    return response.json()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""What the benchmarks of a running server share: `assay up` on an empty home, as a process, and a client of it."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from _plugins import install
from rest import cpu_seconds

BIN = Path(sys.executable).parent


class Host:
    """A running `assay up` and a client of it."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], port: int) -> None:
        self.home, self.process, self.port, self.token = folder / "home", process, port, ""
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    def send(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """Ask it something."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= {"content-type": "application/json"} if body else {}
        sent = None if body is None else json.dumps(body)
        self._connection.request(method, path, sent, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Ask it something that it can answer."""
        status, said = self.send(method, path, body)
        if status != 200:
            raise RuntimeError(f"{path}: {status} {said[:500]!r}")
        return json.loads(said)

    def is_up(self) -> bool:
        """Whether it answers that it is well; then the token is known."""
        try:
            up = self.send("GET", "/health") == (200, b'{"status":"ok"}')
        except OSError:
            self._connection.close()
            return False
        if up:
            self.token = (self.home / "token").read_text().strip()
        return up

    def is_ready(self) -> bool:
        """Whether all its stores are ready."""
        return all(one["state"] == "ready" for one in self.ask("GET", "/api/v1/stores")["data"])

    def children(self, word: str) -> list[int]:
        """Its child processes with a word on their command lines."""
        every = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in every if word in Path(f"/proc/{pid}/cmdline").read_text()]


@contextmanager
def hosting(folder: Path, stores: str) -> Iterator[Host]:
    """Start `assay up` in an empty home, with these stores."""
    (folder / "home").mkdir(mode=0o700)
    (folder / "bin").mkdir(mode=0o755)
    install(folder / "bin")
    if stores:
        (folder / "home" / "stores.yaml").write_text(stores)
        (folder / "home" / "stores.yaml").chmod(0o600)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {
        "PATH": f"{BIN}:{os.environ['PATH']}", "LANG": "C.UTF-8", "HOME": str(folder), "ASSAY_LOG_LEVEL": "warning",
        "ASSAY_HOME": str(folder / "home"), "ASSAY_PLUGINS_BIN": str(folder / "bin"),
        "ASSAY_CALLS_PER_MINUTE": "1000000", "ASSAY_CALLS_BURST": "1000000",
    }  # fmt: skip
    command = (BIN / "assay", "up", "--port", str(port))
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield Host(folder, process, port)
        finally:
            process.terminate()


def settle(host: Host) -> None:
    """Wait until it is up and ready, and neither it nor its worker does anything any more."""
    until(host.is_up)
    until(host.is_ready)
    until(lambda: host.children("worker"))
    ticks = [-1.0]

    def is_still() -> bool:
        ticks.append(sum(map(cpu_seconds, (host.process.pid, *host.children("")))))
        return ticks[-1] == ticks[-2]

    until(is_still, every_s=0.5)


def until(true: Callable[[], object], within_s: float = 60.0, every_s: float = 0.005) -> None:
    """Look again and again until it is so."""
    end = time.perf_counter() + within_s
    while not true():
        if time.perf_counter() > end:
            raise TimeoutError
        time.sleep(every_s)

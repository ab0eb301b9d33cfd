"""Starts `trial.process`, reads what it says, kills it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TESTS = Path(__file__).parent.parent


class Child:
    """One process of ours."""

    def __init__(self, home: Path, *words: str) -> None:
        environment = {**os.environ, "PYTHONPATH": f"{TESTS.parent / 'src'}:{TESTS}"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "trial.process", str(home), *words],
            stdout=subprocess.PIPE, env=environment, text=True,
        )  # fmt: skip
        self.pid = self._process.pid

    def line(self) -> list[str]:
        """The next line that it says; [] when it has ended."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().split()

    def lines(self) -> list[list[str]]:
        """Everything else that it said, once it is dead; a line that was cut off is none."""
        assert self._process.stdout is not None
        said = self._process.stdout.read()
        return [line.split() for line in said.split("\n")[:-1]]

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait for its end."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """SIGINT, and wait for its end."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        return self._process.wait(20)


@contextmanager
def process(home: Path, *words: str) -> Iterator[Child]:
    """A child that is ready; killed at the end if it still runs."""
    child = Child(home, *words)
    try:
        assert child.line()[:1] == ["ready"]
        yield child
    finally:
        child.kill()

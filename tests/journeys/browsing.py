"""A running program in a network of its own, and a browser that walks through it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
WEB = HERE.parent.parent / "web"


@dataclass(frozen=True)
class World:
    """A running program, and how to get a browser into its network."""

    url: str
    home: Path
    enter: tuple[str, ...]

    @property
    def plugins(self) -> Path:
        """The folder of programs of plugins."""
        return self.home.parent / "plugins"

    def fresh_url(self) -> str:
        """A new sign-in URL: each is good once."""
        port = self.url.split(":")[2].partition("/")[0]
        env = {**os.environ, "ASSAY_HOME": str(self.home), "ASSAY_LOG_LEVEL": "error"}
        made = subprocess.run(
            [sys.executable, "-m", "assay.main", "url", "--port", port],
            env=env, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        return made.stdout.strip()

    def walk(self, scheme: str, folder: Path, journey: str = "walk") -> dict[str, Any]:
        """Walk a journey in a browser; return what was seen."""
        asked = {"url": self.fresh_url(), "scheme": scheme, "folder": str(folder), "home": str(self.home),
                 "web": str(WEB)}  # fmt: skip
        ran = subprocess.run(
            [*self.enter, "node", str(HERE / f"{journey}.mjs"), json.dumps(asked)],
            capture_output=True, text=True, timeout=240,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout.splitlines()[-1])


@contextmanager
def started(folder: Path) -> Iterator[World]:
    """Start the world of `world.py` in a network namespace of its own, and stop it."""
    alone = 'ip link set lo up && exec "$@"'
    command = ["unshare", "--net", "sh", "-c", alone, "sh", sys.executable, str(HERE / "world.py"), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as it:
        assert it.stdin is not None and it.stdout is not None
        try:
            said = json.loads(it.stdout.readline() or "{}")
            assert "url" in said, "the world did not start"
            yield World(said["url"], folder / "home", ("nsenter", f"--net=/proc/{said['pid']}/ns/net"))
        finally:
            it.stdin.close()
            it.wait(60)

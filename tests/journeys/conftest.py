"""The world that journeys walk through, in a network namespace that has only the loopback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from journeys.browsing import HERE, World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Start the world behind a loopback of its own."""
    folder = tmp_path_factory.mktemp("world")
    alone = 'ip link set lo up && exec "$@"'
    command = ["unshare", "--net", "sh", "-c", alone, "sh", sys.executable, str(HERE / "world.py"), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as it:
        assert it.stdin is not None and it.stdout is not None
        try:
            said = json.loads(it.stdout.readline() or "{}")
            assert "url" in said, "the world did not start"
            enter = ("nsenter", f"--net=/proc/{said['pid']}/ns/net")
            yield World(said["url"], folder / "home", enter)
        finally:
            it.stdin.close()
            it.wait(60)


@pytest.fixture
def walks(world: World, tmp_path: Path) -> Callable[[str], dict[str, Any]]:
    """Walk in a colour scheme."""
    return lambda scheme: world.walk(scheme, tmp_path)

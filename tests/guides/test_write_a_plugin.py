"""Every step of docs/write-a-plugin.md: a plugin in Python, one in Go, and a client in Go, with Assay as it ships."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from pathlib import Path

import pytest

from guides.walk import blocks, matches, walk

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "write-a-plugin.md"


def free() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


@pytest.mark.timeout(600)  # Go compiles gRPC here
def test_every_step_does_what_the_page_says() -> None:
    # Plugins listen in this folder, so its name is short; a shell finds the programs that this test runs with.
    with tempfile.TemporaryDirectory(prefix="guide-") as name:
        ports = {"7070": free(), "assay up": f"assay up --port {free()}"}
        cache = os.environ.get("GOCACHE") or str(Path.home() / ".cache" / "go-build")
        with walk(Path(name), [Path(sys.executable).parent], ports, ASSAY=str(ROOT), GOCACHE=cache) as reader:
            reader.take(PAGE.read_text())


@pytest.mark.parametrize(
    ("said", "printed", "same"),
    [
        ("a …\n\n b", "a 1.3 ms  \n b\n", True),
        ("a …", "b 1", False),
        ("a", "a\nb", False),
        ("…\nb", "x\ny\nb", True),
        ("a.c", "abc", False),
    ],
)
def test_output_is_compared_line_by_line(said: str, printed: str, same: bool) -> None:
    assert matches(said, printed) is same


def test_blocks_are_found_with_their_lines() -> None:
    found = blocks("one\n```sh\nls\n```\n\n```python bin/x\nprint()\n```\n")
    assert [(one.kind, one.what, one.text, one.line) for one in found] == [
        ("sh", "", "ls\n", 2), ("python", "bin/x", "print()\n", 6),
    ]  # fmt: skip

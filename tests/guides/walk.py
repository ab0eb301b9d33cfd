"""Walks through a page of docs/ as its reader would: files are saved, commands are run, output is what the page says.

Of a fenced block the info string says what it is: `sh` is run, `sh background` is started and left to run, `text` is
what the block before it prints, and a language with a path is a file to save. In output, … stands for anything, and
empty lines and trailing blanks do not count.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(?P<kind>[a-z]+)(?: (?P<what>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
COLUMNS = "120"


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block and the line of the page on which it begins."""

    kind: str
    what: str
    text: str
    line: int


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [
        Block(found["kind"], found["what"] or "", found["text"], page.count("\n", 0, found.start()) + 1)
        for found in _BLOCK.finditer(page)
    ]


class Walk:
    """One reader: a folder, the variables that were exported, and what runs in another terminal."""

    def __init__(self, folder: Path, env: Mapping[str, str], instead: Mapping[str, str]) -> None:
        self._folder, self._env, self._instead = folder, dict(env), instead
        self._behind: list[subprocess.Popen[str]] = []

    def take(self, page: str) -> None:
        """Do everything that a page says."""
        printed = ""
        for block in blocks(page):
            text = self._own(block.text)
            if block.kind == "text":
                assert matches(block.text, printed), f"line {block.line}: the page says otherwise than:\n{printed}"
            elif block.kind == "sh" and block.what == "background":
                self._start(text)
            elif block.kind == "sh":
                printed = self._run(block.line, text)
            else:
                assert block.what, f"line {block.line}: what is to be done with this block?"
                (self._folder / block.what).write_text(text)

    def _own(self, text: str) -> str:
        for port, own in self._instead.items():
            text = text.replace(port, own)
        return text

    def _run(self, line: int, text: str) -> str:
        """Run commands in a shell that knows what those before it exported; returns what both streams printed."""
        kept = self._folder / ".exported"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{text}\nexport -p > {kept}"],
            cwd=self._folder, env=self._env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"line {line}: exit {done.returncode}\n{done.stdout}"
        shown = subprocess.run(
            ["bash", "-c", f"source {kept}; env -0"], env=self._env, capture_output=True, text=True, check=True
        )
        pairs = (pair.partition("=") for pair in shown.stdout.rstrip("\0").split("\0"))
        self._env = {name: value for name, _, value in pairs if name not in ("PWD", "OLDPWD", "SHLVL", "_")}
        return done.stdout

    def _start(self, text: str) -> None:
        """Start what goes on running, and read on until it says that it is up."""
        process = subprocess.Popen(
            ["bash", "-c", f"exec env {text}"], cwd=self._folder, env=self._env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._behind.append(process)
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if "Ctrl-C stops everything" in line:
                return
        raise AssertionError(f"it ended:\n{''.join(said)}")

    def end(self) -> None:
        """End what runs."""
        for process in self._behind:
            process.send_signal(signal.SIGINT)
        for process in self._behind:
            try:
                process.communicate(timeout=30)
            finally:
                process.kill()


@contextmanager
def walk(folder: Path, path: list[Path], instead: Mapping[str, str], **env: str) -> Iterator[Walk]:
    """Lend a reader.

    Args:
        path: folders of programs, before the machine's own.
        instead: texts of the page that mean something else here: ports that others may have.
        env: variables that the page asks for.
    """
    whole = {
        "PATH": os.pathsep.join([*map(str, path), os.environ["PATH"]]), "HOME": str(folder), "LANG": "C.UTF-8",
        "COLUMNS": COLUMNS, **env,
    }  # fmt: skip
    reader = Walk(folder, whole, instead)
    try:
        yield reader
    finally:
        reader.end()


def matches(said: str, printed: str) -> bool:
    """Whether output is what a page says."""
    pattern = r"\n".join(".*".join(re.escape(part) for part in line.split("…")) for line in _lines(said))
    return re.fullmatch(pattern, "\n".join(_lines(printed)), re.DOTALL) is not None


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]

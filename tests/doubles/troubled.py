"""A plugin in trouble, on a real socket: `python -m doubles.troubled HOW --socket PATH`; `well` is one that works."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from doubles import plugin


def well() -> None:
    """As it should be."""
    plugin.main()


def never() -> None:
    """Lives, and never listens."""
    print("thinking about it", flush=True)
    time.sleep(600)


def exits() -> None:
    """Ends at once."""
    print("there is no licence, password=hunter2", flush=True)
    sys.exit(3)


def stubborn() -> None:
    """Works, and does not end when it is asked to."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    plugin.main()


def children() -> None:
    """Works, and has two children that it forgets, one in a session of its own."""
    for apart in (False, True):
        child = subprocess.Popen(["/bin/sleep", "600"], start_new_session=apart)
        print(f"child {child.pid}", flush=True)
    plugin.main()


def foreign() -> None:
    """Speaks HTTP/1."""
    _answer(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno")


def garbage() -> None:
    """Speaks nothing that there is."""
    _answer(bytes(range(256)) * 40)


def mute() -> None:
    """Takes connections, and says nothing."""
    _answer(b"")


def _answer(words: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(sys.argv[sys.argv.index("--socket") + 1])
        listening.listen()
        held: list[socket.socket] = []
        while True:
            connection, _ = listening.accept()
            held.append(connection)
            threading.Thread(target=lambda one=connection: (one.recv(100), words and one.sendall(words))).start()


HOW: dict[str, Callable[[], None]] = {
    one.__name__: one for one in (well, never, exits, stubborn, children, foreign, garbage, mute)
}


def install(folder: Path, name: str, how: str = "well", *more: str) -> Path:
    """Put the program of a plugin into a folder, as somebody would who has one."""
    src = Path(__file__).parents[2] / "src"
    program = folder / name
    lines = (
        "#!/bin/sh",
        f"export PYTHONPATH={src}:{src.parent / 'tests'}",
        f'exec {sys.executable} -m doubles.troubled {how} "$@" {" ".join(more)}',
    )
    program.write_text("\n".join(lines) + "\n")
    program.chmod(0o755)
    return program


if __name__ == "__main__":
    HOW[sys.argv.pop(1)]()

"""What the command line of atest-store-ai says; a flag that is not known is passed over, since hosts grow."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.kernel.errors import Invalid

NAME = "atest-store-ai"
LEVELS = ("debug", "info", "warning", "error")
_SETTING = re.compile(r"(?:export\s+)?([A-Z][A-Z0-9_]*)\s*=\s*(.*)")


@dataclass(frozen=True, slots=True)
class Options:
    """How this process was started."""

    socket: Path | None
    """Where the host wants it to listen; None: at the default socket, or the port."""
    port: int | None
    """On the loopback; a socket wins."""
    also_default: bool
    """Listen at the default socket, too, where nobody else does."""
    mode: int
    """Of the sockets."""
    config: Path | None
    log_level: str | None
    version: bool
    validate: bool


def read_options(argv: Sequence[str]) -> Options:
    """Read the flags; ends the process with status 2 for a value that is wrong, with 0 for --help."""
    parser = argparse.ArgumentParser(NAME, description="Answers atest's questions in words with SQL that was checked.",
                                     allow_abbrev=False)  # fmt: skip
    add = parser.add_argument
    add("--socket", type=_absolute, metavar="PATH", help="Unix socket to listen on")
    add("-p", "--port", type=_port, metavar="N", help="port on 127.0.0.1 to listen on, where there is no --socket")
    add("--also-default-socket", action=argparse.BooleanOptionalAction, default=True,
        help="with --socket, listen at /tmp/atest-store-ai.sock too, where nobody else does")  # fmt: skip
    add("--socket-mode", type=_mode, default=0o600, metavar="MODE", help="mode of the sockets, 0600 unless given")
    add("--config", type=Path, metavar="FILE", help="file of settings, NAME=value a line; the environment wins")
    add("--log-level", choices=LEVELS, help="what is logged")
    add("--validate", action="store_true", help="say whether the settings are right, and end")
    add("--version", action="store_true", help="print the version, and end")
    known, _ = parser.parse_known_args(argv)
    return Options(known.socket, known.port, known.also_default_socket, known.socket_mode, known.config,
                   known.log_level, known.version, known.validate)  # fmt: skip


def take_settings(options: Options) -> None:
    """Put the file's settings, where the environment has none, and the flags' into the environment.

    Raises Invalid for a file that cannot be read, with the line that is wrong.
    """
    if options.config is not None:
        for name, value in _settings(options.config).items():
            os.environ.setdefault(name, value)
    if options.log_level is not None:
        os.environ["ASSAY_LOG_LEVEL"] = options.log_level


def _settings(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as failure:
        reason = getattr(failure, "strerror", None) or "it is no text"
        raise Invalid(f"--config: {file} cannot be read: {reason}.", field="config") from None
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not (text := line.strip()) or text.startswith("#"):
            continue
        setting = _SETTING.fullmatch(text)
        if setting is None:
            raise Invalid(f"--config: line {number} of {file} is no setting; one looks like AI_PROVIDER=ollama.",
                          field="config", line=number)  # fmt: skip
        name, value = setting.groups()
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        found[name] = value[1:-1] if quoted else value
    return found


def _absolute(text: str) -> Path:
    return Path(text.removeprefix("unix://")).absolute()


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def _mode(text: str) -> int:
    if not re.fullmatch(r"0?[0-7]{3}", text):
        raise argparse.ArgumentTypeError("a mode is three digits from 0 to 7, as in 0660")
    return int(text, 8)

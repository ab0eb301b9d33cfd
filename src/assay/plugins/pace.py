"""How plugins are looked after: how often they are asked, how long they may take, when they are given up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assay.plugins.finding import Shelf
from assay.ports.loader import Loaders
from assay.ports.processes import Processes

_INHERITED = (
    "HOME", "USER", "LOGNAME", "TZ", "TMPDIR", "LC_ALL", "LC_CTYPE", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds, and how often."""

    verify_every_s: float = 10.0
    verify_within_s: float = 5.0
    ready_within_s: float = 10.0
    """From the start of a program to the first Verify that is answered."""
    stop_within_s: float = 5.0
    """Between SIGTERM and SIGKILL."""
    look_every_s: float = 0.5
    """While there is no program, and nobody listens."""
    first_back_off_s: float = 0.1
    longest_back_off_s: float = 10.0
    restarts: int = 10
    """In a row; then somebody has to start it."""
    stable_s: float = 60.0
    """A plugin that was ready for so long has its restarts counted anew."""


@dataclass(frozen=True, slots=True)
class World:
    """What plugins are started with."""

    processes: Processes
    loaders: Loaders
    shelf: Shelf
    sockets: Path
    """The folder in which our plugins listen."""
    logs: Path
    """The folder in which what they write is kept."""
    environment: Mapping[str, str]
    pace: Pace = Pace()

    def inherited(self) -> dict[str, str]:
        """Return the little of our environment that a plugin gets: no key of ours, and none of another plugin."""
        return {name: self.environment[name] for name in _INHERITED if name in self.environment}

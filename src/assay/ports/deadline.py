"""A point in time after which nobody waits for the answer."""

from __future__ import annotations

import time
from dataclasses import dataclass

from assay.ports.errors import TimedOut


@dataclass(frozen=True, slots=True)
class Deadline:
    """A monotonic instant in seconds; `None` never comes."""

    at: float | None = None

    @classmethod
    def after(cls, seconds: float | None) -> Deadline:
        """Return the deadline `seconds` from now, or one that never comes."""
        return cls(None if seconds is None else time.monotonic() + seconds)

    def left(self, at_most: float = float("inf")) -> float:
        """Seconds left, never below 0 and never above `at_most`."""
        return at_most if self.at is None else max(0.0, min(at_most, self.at - time.monotonic()))

    def check(self, doing: str) -> None:
        """Raise TimedOut when the instant has passed."""
        if self.at is not None and time.monotonic() >= self.at:
            raise TimedOut(f"The deadline passed while {doing}.")

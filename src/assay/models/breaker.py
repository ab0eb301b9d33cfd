"""Leaves a model alone for a while after it has failed, so that nobody waits for what does not answer."""

from __future__ import annotations

from dataclasses import dataclass

from assay.models.model import BreakerState

FAILURES = 3
"""In a row, after which it is left alone."""
FIRST_REST_S, LONGEST_REST_S = 15.0, 300.0


@dataclass
class Breaker:
    """The state of one model. Times are monotonic seconds, given by whoever asks."""

    failures: int = 0
    until: float = 0.0
    """When it may be tried again."""
    rest_s: float = FIRST_REST_S
    trying: bool = False
    """Somebody tries it after a rest; others wait for how that ends."""
    opened: bool = False

    def state(self, now: float) -> BreakerState:
        """closed: asked as usual; open: left alone; half_open: the next call tries it."""
        if not self.opened:
            return "closed"
        return "open" if now < self.until else "half_open"

    def take(self, now: float) -> bool:
        """Whether it may be asked now; after a rest one caller tries it for all."""
        state = self.state(now)
        if state == "half_open" and not self.trying:
            self.trying = True
            return True
        return state == "closed"

    def succeeded(self) -> None:
        """It answered."""
        self.failures, self.rest_s, self.opened, self.trying = 0, FIRST_REST_S, False, False

    def failed(self, now: float, *, rest_s: float | None = None) -> None:
        """It failed; `rest_s` is how long it asked to be left alone."""
        self.failures += 1
        tried, self.trying = self.trying, False
        if rest_s is not None:
            self.opened, self.until = True, max(self.until, now + min(rest_s, LONGEST_REST_S))
        elif tried or (self.failures >= FAILURES and not self.opened):
            self.opened, self.until = True, now + self.rest_s
            self.rest_s = min(LONGEST_REST_S, self.rest_s * 2)

    def let_go(self) -> None:
        """Whoever tried it left before it was known how that ends."""
        self.trying = False

"""The throw-away house."""

from trial.fixtures import anyio_backend, trial

__all__ = ["anyio_backend", "trial"]

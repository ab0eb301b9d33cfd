"""The loop that the program runs on."""

from trial.fixtures import anyio_backend

__all__ = ["anyio_backend"]

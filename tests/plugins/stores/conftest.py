"""Coroutines run on asyncio."""

from trial.fixtures import anyio_backend

__all__ = ["anyio_backend"]

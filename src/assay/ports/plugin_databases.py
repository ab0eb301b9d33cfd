"""Databases that a plugin reads for us: the store that somebody configured, by its name, and the way to its plugin."""

from __future__ import annotations

from typing import Protocol

from assay.ports.deadline import Deadline
from assay.ports.errors import NotFound
from assay.ports.loader import DataQuery, DataResult, Readiness, Store


class Asked(Protocol):
    """One store's plugin, as far as SQL goes; raises what `ports.loader.Loader` raises."""

    async def verify(self, deadline: Deadline) -> Readiness:
        """Ask whether it can work for this store."""
        ...

    async def query(self, asked: DataQuery, deadline: Deadline) -> DataResult:
        """Run a statement."""
        ...


class PluginStores(Protocol):
    """Stores whose plugins run SQL."""

    def store(self, name: str) -> Store:
        """Return what is configured; its property `driver` says which SQL it speaks (mysql where there is none).

        Neither waits nor asks the plugin; called from any thread. Raises NotFound when there is no such store, or it
        is disabled.
        """
        ...

    async def loader(self, name: str, deadline: Deadline) -> Asked:
        """Return the way to the store's plugin, once that runs; it stays open for whoever asks next.

        Called on the event loop. Raises NotFound as `store` does, Unavailable when the plugin does not run, TimedOut.
        """
        ...


class NoPluginStores:
    """Of a program without plugins."""

    def store(self, name: str) -> Store:
        """There is none."""
        raise _none(name)

    async def loader(self, name: str, deadline: Deadline) -> Asked:
        """There is none."""
        raise _none(name)


def _none(name: str) -> NotFound:
    return NotFound(f"There is no store {name!r}.", field="dsn", cure="name a store that is configured here")

"""Stores of SQL as databases that can be connected: what the port of plugins' databases asks of this room."""

from __future__ import annotations

from assay.plugins.connection import Connection, told
from assay.plugins.supervisor import Supervisor
from assay.ports.deadline import Deadline
from assay.ports.errors import NotFound
from assay.ports.loader import DataQuery, DataResult, Readiness, Store


class StoreDatabases:
    """Implements `ports.plugin_databases.PluginStores`; the file of stores must have been read."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    def store(self, name: str) -> Store:
        """Return what the plugin is told of a store; raises NotFound, also for one that is disabled."""
        found = told(self._supervisor.connection(name).entry)
        if found.disabled:
            raise NotFound(f"The store {name!r} is disabled.", field="dsn", cure="enable it in stores.yaml")
        return found

    async def loader(self, name: str, deadline: Deadline) -> _Asked:
        """Return the way to a store's plugin; one that is not there is told of by the first question."""
        self.store(name)
        return _Asked(await self._supervisor.reach(name))


class _Asked:
    """One store's plugin; calls are timed and faults noticed as those of everybody else."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def verify(self, deadline: Deadline) -> Readiness:
        return await self._connection.verify(deadline)

    async def query(self, asked: DataQuery, deadline: Deadline) -> DataResult:
        return await self._connection.ask(lambda loader: loader.query(asked, deadline), "query")

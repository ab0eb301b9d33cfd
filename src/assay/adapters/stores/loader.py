"""The calls of atest's loader for databases: each is answered in a bounded thread, by a session that only reads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Protocol, TypeVar

from google.protobuf.message import Message

from assay.adapters.stores.answer import answer
from assay.adapters.stores.asked import question_of, store_of
from assay.adapters.stores.messages import result_message, status_message
from assay.adapters.stores.place import Place, place_of
from assay.ports.databases import Engine, Limits, Reader
from assay.ports.errors import AssayError
from assay.ports.loader import DataQuery, Readiness, Store
from assay.ports.secret import Secret
from assay.wire import loader_pb2, server_pb2

AT_ONCE = 16
"""Calls that are answered together; others wait."""
STATEMENT_S = (30.0, 5.0, 1.0)
"""How long a statement may take: the longest of these within which the caller still waits, and the first for who waits
for ever. Few, since each is a kept session of its own."""
_R = TypeVar("_R")


class Readers(Protocol):
    """Lends readers of one engine."""

    def reader(self, dsn: Secret, limits: Limits = ...) -> AbstractContextManager[Reader]:
        """Lend one."""
        ...


class Call(Protocol):
    """What is asked of a gRPC call."""

    def invocation_metadata(self) -> Iterable[tuple[str, str | bytes]]:
        """Entries that came with it."""
        ...

    def time_remaining(self) -> float | None:
        """Seconds that its caller waits."""
        ...


class SqlLoader:
    """Serves `remote.Loader` for PostgreSQL, MySQL, MariaDB and SQLite.

    Args:
        engines: makes the way to the databases of an engine; called once for each that is asked for.
    """

    def __init__(self, version: str, engines: Callable[[Engine], Readers]) -> None:
        self._version, self._engines = version, engines
        self._open: dict[Engine, Readers] = {}
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sql")

    @property
    def handlers(self) -> Mapping[str, Callable[[Any, Any], Awaitable[Message]]]:
        """The calls by name. What a store of rows does not have is an empty list: that is friendlier than an error."""
        return {
            "Verify": self._verify,
            "GetVersion": self._say(server_pb2.Version(version=self._version)),
            "Query": self._query,
            "GetMenus": self._say(server_pb2.MenuList()),
            "GetThemes": self._say(server_pb2.SimpleList()),
            "GetBindings": self._say(server_pb2.SimpleList()),
            "ListTestSuite": self._say(loader_pb2.TestSuites()),
        }

    async def _verify(self, asked: server_pb2.Empty, call: Call) -> server_pb2.ExtensionStatus:
        store = store_of(call.invocation_metadata())
        return status_message(await self._aside(self._readiness, store, _limits(call)))

    async def _query(self, asked: server_pb2.DataQuery, call: Call) -> server_pb2.DataQueryResult:
        store, question = store_of(call.invocation_metadata()), question_of(asked)
        return await self._aside(self._answer, store, question, _limits(call))

    def _say(self, message: Message) -> Callable[[Any, Any], Awaitable[Message]]:
        async def say(asked: Message, call: Call) -> Message:
            return message

        return say

    def _readiness(self, store: Store, limits: Limits) -> Readiness:
        try:
            with self._lend(place_of(store, ""), limits) as reader:
                facts = reader.facts
        except AssayError as error:
            return Readiness(ready=False, readonly=True, version=self._version, message=error.message)
        return Readiness(True, True, self._version, f"{facts.engine} {facts.version}")

    def _answer(self, store: Store, question: DataQuery, limits: Limits) -> server_pb2.DataQueryResult:
        return result_message(answer(self._lend, store, question, limits))

    def _lend(self, place: Place, limits: Limits) -> AbstractContextManager[Reader]:
        if place.engine not in self._open:
            self._open.setdefault(place.engine, self._engines(place.engine))
        return self._open[place.engine].reader(place.dsn, limits)

    async def _aside(self, thinking: Callable[..., _R], *args: object) -> _R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(thinking, *args))


def _limits(call: Call) -> Limits:
    left = call.time_remaining()
    seconds = next((one for one in STATEMENT_S if left is None or one <= left), STATEMENT_S[-1])
    return Limits(statement_ms=round(seconds * 1_000))

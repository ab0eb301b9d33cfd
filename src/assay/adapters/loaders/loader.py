"""One plugin over grpc.aio: a channel a store, a deadline a call, its status as our errors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from google.protobuf.message import DecodeError, Message
from grpc import StatusCode, aio

from assay.adapters.loaders import metadata, reading
from assay.adapters.loaders.address import target
from assay.adapters.loaders.faults import broken, meaning
from assay.adapters.loaders.method import method
from assay.ports.deadline import Deadline
from assay.ports.errors import Cancelled, Invalid, NotFound, Refused, Unavailable
from assay.ports.loader import AiCapabilities, DataQuery, DataResult, Loader, Menu, PluginVersion, Readiness, Store
from assay.wire import loader_pb2, server_pb2

MOST_BYTES = 64 * 1024 * 1024
"""Of one answer. Without a bound one plugin could take all the memory of this process; 20 MB of rows still pass."""
LARGE_BYTES = 64 * 1024
"""An answer of this size is read in a thread: the event loop would stand still for 5 ms, for seconds of the largest."""
SHORT_S = 5.0
"""What a plugin knows about itself takes no longer."""
LONGEST_S = 600.0
"""Of a query, for who has no deadline."""
_CHANNEL = (
    # Without it grpcio says the socket's path, which servers of other languages refuse.
    ("grpc.default_authority", "localhost"),
    ("grpc.max_receive_message_length", MOST_BYTES),
    # Nothing is shared with another store's channel to the same plugin, nor asked of a proxy.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
    # A plugin that has just been started again is found at once; gRPC's own wait grows to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)
_SERVICE = loader_pb2.DESCRIPTOR.services_by_name["Loader"]
_R = TypeVar("_R")


class GrpcLoader:
    """One plugin as one store sees it; promises what `ports.loader.Loader` says."""

    def __init__(self, address: str, store: Store) -> None:
        self._channel = aio.insecure_channel(target(address), options=_CHANNEL)
        self._address, self._who = address, f"The store {store.name}"
        self._metadata, self._secrets = metadata.of(store), metadata.secrets(store)
        self._unsent = metadata.unsent(store)

    @property
    def unsent(self) -> tuple[str, ...]:
        """Properties whose names gRPC cannot carry."""
        return self._unsent

    async def verify(self, deadline: Deadline) -> Readiness:
        """Ask whether it can work."""
        said = self._present(
            await self._ask("Verify", server_pb2.Empty(), server_pb2.ExtensionStatus.FromString, deadline)
        )
        return Readiness(said.ready, said.readOnly, said.version, said.message)

    async def version(self, deadline: Deadline) -> PluginVersion | None:
        """Ask which build it is."""
        said = await self._ask("GetVersion", server_pb2.Empty(), server_pb2.Version.FromString, deadline)
        return said and PluginVersion(said.version, said.commit, said.date)

    async def query(self, asked: DataQuery, deadline: Deadline) -> DataResult:
        """Run a statement, or answer a question in words."""
        question = reading.query(asked)
        return self._present(await self._ask("Query", question, reading.result, deadline, LONGEST_S))

    async def ai_capabilities(self, deadline: Deadline) -> AiCapabilities | None:
        """Ask what it can be asked."""
        deadline = Deadline.after(deadline.left(SHORT_S))
        said = await self._ask("GetAICapabilities", server_pb2.Empty(), server_pb2.AICapabilities.FromString, deadline)
        if said is not None:
            return reading.capabilities(said)
        try:
            answer = await self.query(DataQuery(type="ai", key="capabilities"), deadline)
        except (Invalid, NotFound, Refused):
            return None
        return reading.older_capabilities(answer.said)

    async def menus(self, deadline: Deadline) -> tuple[Menu, ...]:
        """Ask which entries it brings to the menu."""
        said = await self._ask("GetMenus", server_pb2.Empty(), server_pb2.MenuList.FromString, deadline)
        return tuple(Menu(one.name, one.index, one.icon, one.version) for one in said.data) if said else ()

    async def page_js(self, index: str, deadline: Deadline) -> str | None:
        """Return the script of one of its pages."""
        return await self._page("GetPageOfJS", index, deadline)

    async def page_css(self, index: str, deadline: Deadline) -> str | None:
        """Return the style of one of its pages."""
        return await self._page("GetPageOfCSS", index, deadline)

    async def close(self) -> None:
        """Let go of the channel."""
        await self._channel.close()

    async def _page(self, name: str, index: str, deadline: Deadline) -> str | None:
        said = await self._ask(name, reading.page(index), server_pb2.CommonResult.FromString, deadline)
        return said.message if said is not None and said.success else None

    def _present(self, said: _R | None) -> _R:
        if said is None:
            raise Unavailable(
                f"{self._who}: what listens at {self._address} is no plugin, it lacks a call that every plugin has.",
                grpc=StatusCode.UNIMPLEMENTED.name,
            )
        return said

    async def _ask(
        self, name: str, request: Message, read: Callable[[bytes], _R], deadline: Deadline, at_most: float = SHORT_S
    ) -> _R | None:
        """Call, and return the reply as read; None when the plugin has no such method."""
        deadline.check(f"{self._who} was to be asked")
        try:
            call = method(self._channel, _SERVICE, name, raw=True)
            said: bytes = await call(request, timeout=deadline.left(at_most), metadata=self._metadata)
        except aio.AioRpcError as error:
            if error.code() is StatusCode.UNIMPLEMENTED:
                return None
            raise meaning(error, self._who, self._address, self._secrets) from None
        except aio.UsageError:
            raise broken(self._who, self._address, "its connection was closed") from None
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # gRPC says so, too, when the channel is closed under a call that nobody cancelled.
            raise Cancelled(f"{self._who}: the connection was closed while it was asked.") from None
        try:
            return read(said) if len(said) < LARGE_BYTES else await asyncio.to_thread(read, said)
        except DecodeError:
            raise Unavailable(
                f"{self._who}: what listens at {self._address} answers {name} with what is no answer to it.",
                grpc=StatusCode.INTERNAL.name, cure="look whether it is a plugin, and of which version",
            ) from None  # fmt: skip


class GrpcLoaders:
    """The way to plugins; promises what `ports.loader.Loaders` says."""

    def open(self, address: str, store: Store) -> Loader:
        """Make the connection of one store."""
        return GrpcLoader(address, store)

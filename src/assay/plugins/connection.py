"""One store's way to its plugin: a connection of its own, what the plugin says of it, and every call timed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from assay.kernel.values import now
from assay.plugins.pace import World
from assay.plugins.plugin import Plugin, PluginState, is_silence
from assay.plugins.stores.model import Entry
from assay.ports.deadline import Deadline
from assay.ports.errors import AssayError, TimedOut, Unavailable
from assay.ports.loader import Loader, Readiness, Store
from assay.ports.secret import Secret
from assay.runtime.telemetry import plugin_call_seconds

Answer = TypeVar("Answer")
Act = Callable[[Loader], Awaitable[Answer]]


class Connection:
    """One entry of `stores.yaml`.

    Args:
        plugin: None: it is disabled, or has none.
        why: what is the matter where there is no plugin.
        changed: told whenever its state is another.
    """

    def __init__(
        self, entry: Entry, plugin: Plugin | None, world: World, changed: Callable[[Connection], None], why: str = ""
    ) -> None:
        self.entry, self.plugin = entry, plugin
        self.said: Readiness | None = None
        """What the plugin said of this store last."""
        self.error: str | None = None
        """Why it did not say, or why the last call failed."""
        self.latency_ms: float | None = None
        self.checked_at: datetime | None = None
        self._world, self._changed, self._why = world, changed, why
        self._loader: Loader | None = None
        self._run = 0
        self._before: tuple[PluginState, str | None] = (self.state, self.reason)
        self._task: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The store's."""
        return self.entry.used.name

    @property
    def state(self) -> PluginState:
        """The plugin's; where that is ready, whether it can work for this store."""
        if self.entry.used.disabled:
            return "disabled"
        if self.plugin is None or self.plugin.state != "ready":
            return self.plugin.state if self.plugin else "stopped"
        if self.said is None:
            return "degraded" if self.error else "starting"
        return "ready" if self.said.ready else "degraded"

    @property
    def reason(self) -> str | None:
        """Why it is not ready."""
        if self.plugin is None:
            return self._why or None
        if self.plugin.state != "ready":
            return self.plugin.reason
        return self.error if self.said is None else None if self.said.ready else self.said.message or "it says no more"

    @property
    def warnings(self) -> tuple[str, ...]:
        """Properties whose names cannot be sent to a plugin."""
        lost = self._loader.unsent if self._loader else ()
        return tuple(f"properties.{name} cannot be sent; write its name with a-z 0-9 . _ -" for name in lost)

    def begin(self) -> None:
        """Ask the plugin of this store from now on, whenever it got ready and every so often."""
        if self._task is None and self.plugin is not None:
            self._task = asyncio.create_task(self._look(self.plugin), name=f"store {self.name}")

    async def close(self) -> None:
        """Let go of it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._let_go()

    async def verify(self, deadline: Deadline) -> Readiness:
        """Ask the plugin whether it can work for this store; raises as `ask` does."""
        self.said = await self.ask(lambda loader: loader.verify(deadline), "verify")
        self.error = None
        return self.said

    async def ask(self, act: Act[Answer], call: str) -> Answer:
        """Call the plugin for this store; what breaks is told with what becomes of the plugin.

        Args:
            call: what the metrics call it.

        Raises:
            Unavailable: the plugin is not there, or was lost meanwhile.
            AssayError: what `ports.loader.Loader` raises.
        """
        plugin = self._plugin()
        loader = await self._open(plugin)
        began, outcome = time.monotonic(), "OK"
        try:
            return await act(loader)
        except AssayError as error:
            outcome = error.code
            if not is_silence(error):
                raise
            plugin.doubt()
            await plugin.noticed()
            raise _told(error, plugin) from None
        finally:
            took = time.monotonic() - began
            plugin_call_seconds.labels(self.name, call, outcome).observe(took)
            self.latency_ms, self.checked_at = round(took * 1e3, 2), now()

    def _plugin(self) -> Plugin:
        if self.plugin is None:
            state = "is disabled" if self.entry.used.disabled else f"cannot be used: {self._why}"
            raise Unavailable(f"The store {self.name} {state}.", store=self.name, state=self.state)
        if self.plugin.address is None:
            raise self.plugin.trouble()
        return self.plugin

    async def _open(self, plugin: Plugin) -> Loader:
        """Return the connection to the plugin as it runs now; one to an earlier process of it is let go."""
        if self._loader is None or self._run != plugin.runs:
            await self._let_go()
            assert plugin.address is not None
            self._loader, self._run = self._world.loaders.open(plugin.address, told(self.entry)), plugin.runs
        return self._loader

    async def _let_go(self) -> None:
        loader, self._loader = self._loader, None
        if loader is not None:
            await loader.close()

    async def _look(self, plugin: Plugin) -> None:
        while True:
            if plugin.state == "ready":
                try:
                    await self.verify(Deadline.after(self._world.pace.verify_within_s))
                except AssayError as error:
                    self.said, self.error = None, error.message
            elif plugin.address is None:
                self.said = self.error = None
                await self._let_go()
            self._tell()
            await plugin.turn(self._world.pace.verify_every_s)

    def _tell(self) -> None:
        before, after = self._before, (self.state, self.reason)
        self._before = after
        if after != before and "degraded" in (before[0], after[0]):
            self._changed(self)


def told(entry: Entry) -> Store:
    """Return what a plugin is told of a store, with every call."""
    used = entry.used
    url, password = used.url, used.password
    properties = dict(used.properties)
    return Store(
        name=used.name, kind=used.kind.name if used.kind else "", kind_url=used.kind.url if used.kind else "",
        owner=used.owner, description=used.description, url=url.reveal() if isinstance(url, Secret) else url,
        username=used.username, password=password if isinstance(password, Secret) else Secret(password),
        properties=properties, readonly=used.readonly, disabled=used.disabled,
    )  # fmt: skip


def _told(error: AssayError, plugin: Plugin) -> AssayError:
    """Return what came of a call that was not answered, with what becomes of the plugin."""
    trouble = plugin.trouble()
    if plugin.state == "ready":
        kind = type(error) if isinstance(error, TimedOut) else Unavailable
        cure = f"try again; the log says more: assay plugins log {plugin.name}"
        return kind(error.message, plugin=plugin.name, state=plugin.state, cure=cure)
    return Unavailable(f"{error.message.rstrip('.')}. {trouble.message}", **trouble.details)

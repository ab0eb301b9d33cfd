"""Keeps what runs as `stores.yaml` says it: plugins started in their order, a connection a store, changes taken up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from assay.plugins.connection import Connection
from assay.plugins.events import OF_STATE
from assay.plugins.order import needed, way_back
from assay.plugins.pace import World
from assay.plugins.plugin import Absent, Plugin
from assay.plugins.stores.files import load
from assay.plugins.stores.model import Kind, Reading
from assay.plugins.stores.read import read
from assay.plugins.stores.watch import Watch
from assay.ports.deadline import Deadline
from assay.ports.errors import AssayError, Conflict, NotFound
from assay.runtime.telemetry import log

Announce = Callable[[str, str, Mapping[str, object]], Awaitable[None]]
"""Tells a fact: the event, what it is about, and its body."""

_EXTENSION = Path("data") / "core" / "extension.yaml"
"""Beside stores.yaml: the kinds that atest offers."""
_log = log(__name__)


@dataclass(frozen=True, slots=True)
class _Fact:
    event: str
    aggregate: str
    body: Mapping[str, object]


class Supervisor:
    """Plugins and stores of one file.

    A program that serves opens it. Another, one command, does not: there a plugin is started when it is first asked,
    unless a serving process has it, which is then asked itself.
    """

    def __init__(self, world: World, path: Path) -> None:
        self.path = path
        self.reading = Reading()
        self.kinds: Mapping[str, Kind] = {}
        """Those that the files describe, by name."""
        self._world = world
        self._watch = Watch(path, world.environment)
        self._plugins: dict[str, Plugin] = {}
        self._connections: dict[str, Connection] = {}
        self._rings: dict[str, tuple[str, ...]] = {}
        self._lock = asyncio.Lock()
        self._serves = self._was_read = False
        self._facts: asyncio.Queue[_Fact] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def world(self) -> World:
        """What plugins are started with."""
        return self._world

    @property
    def plugins(self) -> list[Plugin]:
        """Those that are looked after, by name."""
        return [self._plugins[name] for name in sorted(self._plugins)]

    @property
    def connections(self) -> list[Connection]:
        """Of all stores, in the order of the file."""
        return list(self._connections.values())

    async def open(self, announce: Announce) -> None:
        """Start what the file names, and follow its changes, until closed."""
        self._serves = True
        await self.refresh()
        for one in (*self.plugins, *self.connections):  # also those that the file named when it was read before
            one.begin()
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._tell(announce))]

    async def close(self) -> None:
        """Stop everything that was started here."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        async with self._lock:
            await asyncio.gather(*(one.close() for one in self.connections))
            await asyncio.gather(*(one.end("Assay stops") for one in self.plugins))
            self._plugins, self._connections = {}, {}

    async def refresh(self) -> Reading:
        """Read the file now, and do as it says."""
        async with self._lock:
            await self._apply(await asyncio.to_thread(self._watch.again))
        return self.reading

    async def read_once(self) -> None:
        """See to it that the file was read."""
        if not self._was_read:
            await self.refresh()

    async def known(self) -> None:
        """See to it that the file was read; where nobody serves, all that it names is started, and waited for."""
        await self.read_once()
        if not self._serves:
            for connection in self.connections:
                self._begin(connection.plugin)
            await asyncio.gather(*(self._settled(one) for one in self.plugins))
            for connection in self.connections:
                if connection.plugin is not None and connection.plugin.state == "ready" and connection.said is None:
                    with contextlib.suppress(AssayError):
                        await connection.verify(Deadline.after(self._world.pace.verify_within_s))

    async def reach(self, name: str) -> Connection:
        """Return a store's connection; where nobody serves, its plugin is started first. Raises NotFound."""
        await self.read_once()
        connection = self.connection(name)
        if not self._serves and connection.plugin is not None:
            self._begin(connection.plugin)
            await self._settled(connection.plugin)
        return connection

    def __contains__(self, name: str) -> bool:
        """Whether there is a store of this name, as far as the file was read."""
        return name in self._connections

    def connection(self, name: str) -> Connection:
        """Return a store's connection; raises NotFound."""
        found = self._connections.get(name)
        if found is None:
            more = (
                " The one of the file has an error; assay plugins stores tells it." if name in self.reading.bad else ""
            )
            raise NotFound(f"There is no store {name!r}.{more}", field="store", known=sorted(self._connections)[:20])
        return found

    def own_plugin(self, name: str) -> Plugin:
        """Return a plugin that is started and stopped here; raises NotFound, and Conflict where nobody serves."""
        if not self._serves:
            raise Conflict(
                "Plugins are started and stopped by the program that serves.",
                cure=f"use its page Plugins, or POST /api/v1/plugins/{name}/stop, start or restart",
            )
        return self.plugin(name)

    def plugin(self, name: str) -> Plugin:
        """Return a plugin; raises NotFound."""
        if name not in self._plugins:
            raise NotFound(
                f"There is no plugin {name!r} that an enabled store uses.", field="name", known=sorted(self._plugins)
            )
        return self._plugins[name]

    async def probe(self) -> str | None:
        """Say which stores are not ready; None: all are."""
        ill = [f"{one.name} is {one.state}" for one in self.connections if one.state not in ("ready", "disabled")]
        return "; ".join(ill) or None

    def _begin(self, plugin: Plugin | None) -> None:
        """Begin a plugin and, before it, what it needs."""
        if plugin is not None and not plugin.is_settled:
            for name in needed({plugin.name: plugin.kind}, self.kinds):
                if name in self._plugins:
                    self._plugins[name].begin()

    async def _settled(self, plugin: Plugin) -> None:
        until = Deadline.after(self._world.pace.ready_within_s)
        while not plugin.is_settled and until.left() > 0:
            await plugin.turn(until.left(1.0))

    async def _follow(self) -> None:
        async for reading in self._watch.changes():
            async with self._lock:
                try:
                    await self._apply(reading)
                except Exception:  # the next change is followed all the same
                    _log.exception("a change of the stores was not taken up")

    async def _tell(self, announce: Announce) -> None:
        while True:
            fact = await self._facts.get()
            try:
                await announce(fact.event, fact.aggregate, fact.body)
            except Exception:  # the next one may be told
                _log.exception("a fact about a plugin was not announced", fact=fact.event)

    async def _apply(self, reading: Reading) -> None:
        extension = await asyncio.to_thread(load, self.path.parent / _EXTENSION)
        more = read(extension.text, self._world.environment).kinds if extension.text else ()
        self.reading, self._was_read = reading, True
        self.kinds = {kind.name: kind for kind in (*more, *reading.kinds)}
        used = self._used()
        wanted = needed({name: kind for name, (kind, _) in used.items() if kind.enabled}, self.kinds)
        self._rings = {name: way for name in wanted if (way := way_back(name, wanted))}
        # All at once, so that no store is missing while what it had before is being stopped.
        had = self.plugins
        gone, closed = self._choose_plugins(wanted), self._choose_connections(used)
        await asyncio.gather(*(one.close() for one in closed))
        await asyncio.gather(*(one.end("no enabled store uses it as it was") for one in gone))
        if self._serves:
            # Not those that were there: somebody may have stopped one.
            for one in (*(plugin for plugin in self.plugins if plugin not in had), *self.connections):
                one.begin()

    def _used(self) -> dict[str, tuple[Kind, str]]:
        """Return the kinds that enabled stores name, each with the address that its first store says."""
        used: dict[str, tuple[Kind, str]] = {}
        for entry in self.reading.entries:
            kind = entry.used.kind
            if kind is not None and not entry.used.disabled and kind.name not in used:
                listed = self.kinds.get(kind.name, kind)
                url = kind.url or listed.url
                whole = replace(listed, url=url, dependencies=kind.dependencies or listed.dependencies,
                                enabled=kind.enabled and listed.enabled)  # fmt: skip
                used[kind.name] = (whole, url)
        return used

    def _choose_plugins(self, wanted: Mapping[str, Kind]) -> list[Plugin]:
        """Keep the plugins that are wanted as they are, make the others; return those that are to be ended."""
        before, self._plugins = self._plugins, {}
        for name, kind in wanted.items():
            if name in before and not _differs(before[name].kind, kind):
                self._plugins[name] = before.pop(name)
            else:
                self._plugins[name] = Plugin(kind, self._world, self._waits_for(kind), self._plugin_changed)
        return list(before.values())

    def _choose_connections(self, used: Mapping[str, tuple[Kind, str]]) -> list[Connection]:
        """Keep the connections that are as the file says, make the others; return those that are to be closed."""
        before, self._connections = self._connections, {}
        for entry in self.reading.entries:
            plugin, why = None, ""
            kind = entry.used.kind
            if kind is None:
                why = "it names no plugin"
            elif not entry.used.disabled:
                plugin = self._plugins.get(kind.name)
                why = "" if plugin else f"the kind {kind.name} is disabled"
                if plugin and kind.url and kind.url != used[kind.name][1]:
                    plugin, why = None, f"another store says that {kind.name} listens elsewhere; name another kind"
            old = before.get(entry.used.name)
            if old is not None and old.entry == entry and old.plugin is plugin:
                self._connections[old.name] = before.pop(old.name)
                continue
            self._connections[entry.used.name] = Connection(entry, plugin, self._world, self._store_changed, why)
        return list(before.values())

    def _waits_for(self, kind: Kind) -> Callable[[], str | None]:
        def waits_for() -> str | None:
            if kind.name in self._rings:
                way = " -> ".join(self._rings[kind.name])
                raise Absent(f"it needs itself: {way}; take one of these dependencies away")
            for name in kind.dependencies:
                other = self._plugins.get(name)
                if other is not None and other.state not in ("ready", "degraded"):
                    return f"it waits for {name}, which is {other.state}"
            return None

        return waits_for

    def _plugin_changed(self, plugin: Plugin) -> None:
        stores = [one.name for one in self.connections if one.plugin is plugin]
        self._note(OF_STATE.get(plugin.state), plugin.name, {"stores": stores, "message": plugin.reason})

    def _store_changed(self, connection: Connection) -> None:
        if connection.plugin is not None and connection.plugin.state == "ready":
            about = {"store": connection.name, "message": connection.reason}
            self._note(OF_STATE.get(connection.state), connection.plugin.name, about)

    def _note(self, event: str | None, plugin: str, body: Mapping[str, object]) -> None:
        if self._serves and event is not None:
            _log.info("a plugin changed", plugin=plugin, fact=event, reason=body["message"])
            self._facts.put_nowait(_Fact(event, f"plugin:{plugin}", {"plugin": plugin, **body}))


def _differs(one: Kind, other: Kind) -> bool:
    return (one.url, one.dependencies, one.enabled) != (other.url, other.dependencies, other.enabled)

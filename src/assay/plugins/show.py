"""Stores, kinds and plugins as answers: secrets masked, state added."""

from __future__ import annotations

from assay.plugins.connection import Connection
from assay.plugins.model import FileProblem, KindNeed, KindParam, Pair, PluginLine, StoreKind, StoreLine, Stores
from assay.plugins.plugin import Plugin
from assay.plugins.stores.model import Kind
from assay.plugins.stores.secrecy import HIDDEN, is_secret, masked, revealed
from assay.plugins.supervisor import Supervisor
from assay.ports.secret import Secret


def store_line(connection: Connection, kinds: dict[str, Kind]) -> StoreLine:
    """Return a store as it may be listed: as the file writes it, `${VAR}` unread."""
    entry, plugin, said = connection.entry, connection.plugin, connection.said
    store = masked(entry.written)
    kind = store.kind and kinds.get(store.kind.name, store.kind)
    return StoreLine(
        name=store.name, owner=store.owner, description=store.description, url=revealed(store.url),
        username=store.username, password=HIDDEN if revealed(store.password) else "",
        properties=tuple(Pair(key=key, value=revealed(value)) for key, value in store.properties.items()),
        kind=store_kind(kind) if kind else None, ready=connection.state == "ready",
        read_only=store.readonly or bool(said and said.readonly), read_only_by_file=store.readonly,
        disabled=store.disabled, state=connection.state,
        reason=connection.reason, is_ai=entry.ai is not None, version=said.version if said else "",
        latency_ms=connection.latency_ms, checked_at=connection.checked_at, restarts=plugin.restarts if plugin else 0,
        warnings=connection.warnings,
    )  # fmt: skip


def store_kind(kind: Kind) -> StoreKind:
    """Return a kind as it may be listed."""
    return StoreKind(
        name=kind.name, url=kind.url, enabled=kind.enabled, link=kind.link, categories=kind.categories,
        dependencies=tuple(KindNeed(name=one) for one in kind.dependencies),
        params=tuple(
            KindParam(
                key=one.key, description=one.description, enum=one.enum, secret=is_secret(one.key),
                default_value=HIDDEN if isinstance(one.default, Secret) else one.default,
            )
            for one in kind.params
        ),
    )  # fmt: skip


def stores(supervisor: Supervisor, lines: tuple[StoreLine, ...]) -> Stores:
    """Return stores with what is wrong with their file."""
    problems = tuple(
        FileProblem(
            path=one.path, line=one.line, column=one.column, says=one.says, cure=one.cure, severity=one.severity
        )
        for one in supervisor.reading.problems
    )
    return Stores(data=lines, file=str(supervisor.path), folder=str(supervisor.world.shelf.folder), problems=problems)


def plugin_line(plugin: Plugin, supervisor: Supervisor) -> PluginLine:
    """Return a plugin and how it is."""
    found = supervisor.world.shelf.find(plugin.name)
    return PluginLine(
        name=plugin.name, state=plugin.state, reason=plugin.reason, since=plugin.since,
        last_error=plugin.last_error, last_error_at=plugin.last_error_at, version=plugin.version, pid=plugin.pid,
        address=plugin.address, program=str(found.program) if found.program else None, restarts=plugin.restarts,
        latency_ms=plugin.latency_ms, ready_after_ms=plugin.ready_after_ms,
        stores=tuple(one.name for one in supervisor.connections if one.plugin is plugin),
    )  # fmt: skip

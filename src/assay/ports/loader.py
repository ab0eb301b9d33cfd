"""Plugins out of process that speak atest's loader protocol: what the house asks of one, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol, cast

from assay.ports.deadline import Deadline
from assay.ports.secret import Secret

PluginVerdict = Literal["assayed", "estimate", "withheld", "stale", "failed"]
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Store:
    """On whose behalf a plugin is asked: it goes with every call, and to no other plugin."""

    name: str
    kind: str
    """The plugin's name, "atest-store-orm"."""
    kind_url: str = ""
    """Where the plugin listens, as the store says it."""
    owner: str = ""
    description: str = ""
    url: str = ""
    username: str = ""
    password: Secret | None = None
    properties: Mapping[str, str | Secret] = field(default_factory=dict[str, str | Secret])
    readonly: bool = False
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a plugin can work for this store."""

    ready: bool
    readonly: bool
    version: str
    message: str
    """Why it is not ready."""


@dataclass(frozen=True, slots=True)
class PluginVersion:
    """Which build of a plugin answers."""

    version: str
    commit: str
    date: str


@dataclass(frozen=True, slots=True)
class DataQuery:
    """A statement, or a question in words, for the plugin's store."""

    type: str = ""
    """ "" is the plugin's own kind, "ai" a question in words or about models."""
    key: str = ""
    """The database of a statement; what is asked of an AI plugin, "generate"."""
    sql: str = ""
    offset: int = 0
    limit: int = 0
    natural_language: str = ""
    database_type: str = ""
    explain_query: bool = False
    ai_context: Texts = field(default_factory=dict[str, str])


class Pair(NamedTuple):
    """A name and its value, as sent."""

    key: str
    value: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class DataMeta:
    """What a plugin says about where the rows come from."""

    databases: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    current_database: str = ""
    duration: str = ""
    """As Go writes one, "1.2ms"."""
    labels: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a check says about SQL."""

    level: Literal["info", "warning", "error"] | None
    code: str
    message: str
    line: int
    """From 1; 0: no place."""
    column: int
    fix: str


@dataclass(frozen=True, slots=True)
class AiInfo:
    """How an answer of an AI plugin came about, as the plugin says."""

    ai_processed: bool = False
    original_language: str = ""
    generated_sql: str = ""
    explanation: str = ""
    suggestions: tuple[str, ...] = ()
    confidence_score: float = 0.0
    model_used: str = ""
    processing_time_ms: int = 0
    request_id: str = ""
    provider: str = ""
    warnings: tuple[str, ...] = ()
    verdict: PluginVerdict | None = None
    """None: it does not know verdicts."""
    evidence: tuple[str, ...] = ()
    """Entries of its own ledger, not of ours."""
    missing: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    tokens: int | None = None
    """None: not counted."""
    dialect: str = ""


@dataclass(frozen=True, slots=True)
class DataResult:
    """What a query gave: `data` and `items` as sent, `said`, `columns` and `rows` worked out from them when read."""

    data: tuple[Pair, ...] = ()
    items: tuple[tuple[Pair, ...], ...] = ()
    """One tuple a row. Some plugins repeat all earlier rows' pairs in each."""
    meta: DataMeta = DataMeta()
    ai_info: AiInfo | None = None

    @property
    def said(self) -> dict[str, str]:
        """`data` by name; of a name that is there twice, the last value."""
        return {pair.key: pair.value for pair in self.data}

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the label `_columns` (a JSON array), then whatever else a row has, in the order it turns up."""
        found = dict.fromkeys(_named(self.meta.labels))
        for row in self.items:
            found.update(dict.fromkeys(pair.key for pair in row))
        return tuple(found)

    @property
    def rows(self) -> list[tuple[Pair, ...]]:
        """The pairs of each row in the order of `columns`; of a name that is there twice, the last."""
        columns = self.columns
        made: list[tuple[Pair, ...]] = []
        for row in self.items:
            last = {pair.key: pair for pair in row}
            made.append(tuple(last[name] for name in columns if name in last))
        return made


def _named(labels: tuple[Pair, ...]) -> list[str]:
    said = [pair.value for pair in labels if pair.key == "_columns"]
    try:
        names: object = json.loads(said[-1]) if said else []
    except (ValueError, RecursionError):
        return []
    return [name for name in cast("list[object]", names) if isinstance(name, str)] if isinstance(names, list) else []


@dataclass(frozen=True, slots=True)
class AiCapabilities:
    """What an AI plugin can be asked."""

    available: bool
    supported_databases: tuple[str, ...] = ()
    supported_models: tuple[str, ...] = ()
    default_model: str = ""
    settings: Texts = field(default_factory=dict[str, str])
    plugin_version: str = ""
    features: tuple[str, ...] = ()
    description: str = ""
    limits: Mapping[str, int] = field(default_factory=dict[str, int])
    health: Texts = field(default_factory=dict[str, str])
    """Of each model's provider, in words."""


@dataclass(frozen=True, slots=True)
class Menu:
    """An entry of the page's menu that a plugin brings; `index` names its page."""

    name: str
    index: str
    icon: str
    version: int


class Loader(Protocol):
    """One plugin as one store sees it, over one connection that is kept open and made again when it breaks.

    No call waits beyond its deadline, and one that is cancelled is cancelled in the plugin, too. Raises Unavailable
    (nothing listens, it broke off, or it does not speak the protocol), TimedOut, TooLarge (an answer over the limit),
    and what the plugin itself refuses with: Invalid, NotFound, Conflict, Forbidden, Limited, Refused, Cancelled. Every
    error names the store and, as `grpc`, the status; no secret of the store is in one.
    """

    @property
    def unsent(self) -> tuple[str, ...]:
        """Properties of the store that do not reach the plugin, because gRPC cannot carry their names."""
        ...

    async def verify(self, deadline: Deadline) -> Readiness:
        """Ask whether it can work, for at most 5 seconds."""
        ...

    async def version(self, deadline: Deadline) -> PluginVersion | None:
        """Ask which build it is; None: it cannot say."""
        ...

    async def query(self, asked: DataQuery, deadline: Deadline) -> DataResult:
        """Run a statement, or answer a question in words."""
        ...

    async def ai_capabilities(self, deadline: Deadline) -> AiCapabilities | None:
        """Ask what it can be asked, in the way of older plugins if need be; None: it is no AI plugin."""
        ...

    async def menus(self, deadline: Deadline) -> tuple[Menu, ...]:
        """Ask which entries it brings to the menu; none when it brings no page."""
        ...

    async def page_js(self, index: str, deadline: Deadline) -> str | None:
        """Return the script of one of its pages; None: it has no such page."""
        ...

    async def page_css(self, index: str, deadline: Deadline) -> str | None:
        """Return the style of one of its pages; None: it has no such page."""
        ...

    async def close(self) -> None:
        """Let go of the connection; calls that are under way are cancelled."""
        ...


class Loaders(Protocol):
    """The way to plugins."""

    def open(self, address: str, store: Store) -> Loader:
        """Make the connection of one store, without waiting for it. Call it on the event loop.

        Args:
            address: `unix:///absolute/path`, or `127.0.0.1:port` where there are no sockets. Raises Invalid for others.
        """
        ...

"""What stores.yaml holds: stores, kinds of plugins, and what is wrong with either."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from assay.ports.databases import Engine
from assay.ports.secret import Secret

Text = str | Secret
"""A Secret where it is one, or looks like one."""
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """A property that stores of a kind are asked for."""

    key: str
    default: Text = ""
    enum: tuple[str, ...] = ()
    """The values to choose from; none: any."""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A plugin: the name of its program, and where it listens."""

    name: str
    url: str = ""
    """`unix:///path` or host:port; empty: where whoever starts it chooses."""
    dependencies: tuple[str, ...] = ()
    """Names of kinds that it needs."""
    params: tuple[Param, ...] = ()
    link: str = ""
    enabled: bool = True
    categories: tuple[str, ...] = ()
    """`ai` marks a plugin that writes SQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Something that a plugin gives access to, and what the plugin is told for it."""

    name: str
    type: Literal["", "ai"] = ""
    """`ai` where the file says so itself; atest goes by the categories of the kind."""
    owner: str = ""
    kind: Kind | None = None
    description: str = ""
    url: Text = ""
    username: str = ""
    password: Text = ""
    readonly: bool = False
    disabled: bool = False
    properties: Mapping[str, Text] = field(default_factory=dict[str, Text])
    """Flat: what was nested has its path as key, `rate_limit.burst_size`; a list is the text of its JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """How often a caller may ask an AI store."""

    requests_per_minute: int = 60
    burst_size: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AiValues:
    """The properties of an AI store, as what they mean."""

    enable_sql_execution: bool = False
    confidence_threshold: float = 0.7
    """From 0 to 1; below it SQL is refused."""
    supported_databases: tuple[Engine, ...] = ("mysql", "postgresql", "sqlite")
    max_tokens: int = 4_096
    temperature: float = 0.1
    timeout_s: float = 30.0
    rate_limit: RateLimit = RateLimit()
    provider: str = ""
    model: str = ""
    endpoint: str = ""
    api_key: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with a file, where, and what would be right; it never repeats a value."""

    path: str
    """As in `stores[2].properties.rate_limit.burst_size`; empty: the whole file."""
    line: int
    """From 1, as is the column; 0: no line is to blame."""
    column: int
    says: str
    cure: str
    severity: Severity = "error"
    """A store with an error is not used; one with a warning is."""

    def __str__(self) -> str:
        place = f"{self.path or 'the file'} ({self.line}:{self.column})" if self.line else self.path or "the file"
        return f"{place} {self.says}; {self.cure}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A store of a file."""

    written: Store
    """As the file says it, `${VAR}` unread: what is shown and written back."""
    used: Store
    """As it is meant: what a plugin is told."""
    ai: AiValues | None
    """None: it is no AI store."""
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a file says: its good stores, and everything that is wrong with the others."""

    entries: tuple[Entry, ...] = ()
    kinds: tuple[Kind, ...] = ()
    """Of `plugins` (stores.yaml) and `items` (extension.yaml)."""
    problems: tuple[Problem, ...] = ()
    bad: frozenset[str] = frozenset()
    """Names of stores that have an error."""
    whole: bool = True
    """Whether the file could be read as YAML at all."""
    lists_stores: bool = False
    """Whether there is a list of stores, even an empty one."""

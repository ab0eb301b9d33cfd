"""Databases that somebody else owns, each seen through one read-only session at a time.

The methods are synchronous: they run in bounded threads or worker processes, never on the event loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from assay.ports.errors import Refused, TimedOut
from assay.ports.secret import Secret

Engine = Literal["postgresql", "mysql", "sqlite"]
"""MariaDB is "mysql": one protocol and one dialect, and `version` says which of the two it is."""
Row = Mapping[str, Any]
PlanJson = Mapping[str, Any]
"""The object under `Plan` of EXPLAIN (FORMAT JSON), as PostgreSQL writes it."""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a session knows about where it is."""

    version: str
    """As the server says it, "15.18", "10.11.6-MariaDB"."""
    version_num: int
    """As in server_version_num, 150018."""
    database: str
    user: str
    superuser: bool
    engine: Engine = "postgresql"
    powers: tuple[str, ...] = ()
    """What the account may do beyond reading, in words: "superuser", "owner of 3 tables", "FILE"."""
    extensions: Mapping[str, str] = field(default_factory=dict[str, str])
    """Installed extensions and their versions."""
    available: Mapping[str, str] = field(default_factory=dict[str, str])
    """Extensions that CREATE EXTENSION could install, and their default versions."""
    plugin: str = ""
    """The plugin that stands between; empty where none does."""


@dataclass(frozen=True, slots=True)
class Imagined:
    """A hypothetical index: the planner sees it, nothing was built."""

    oid: int
    name: str
    """As it appears under "Index Name" in a plan, e.g. `<13543>btree_orders_user_id`."""
    bytes: int
    """hypopg_relation_size."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a session may take from the server it visits."""

    connect_s: float = 5.0
    statement_ms: int = 5_000
    lock_ms: int = 500
    plans_at_once: int = 4
    """Concurrent EXPLAINs per database and process."""
    plans_per_s: float = 2_000.0
    """EXPLAINs per second, database and process, averaged over a second."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What may be said of a DSN: no password in it."""

    where: str
    """"host:port/database"; hosts with commas between them when it names several."""
    account: str
    """The role that it signs in as; empty where there are none."""
    engine: Engine = "postgresql"


Cell = str | int | float | bool | None
"""One value of a result; what JSON cannot say exactly (numeric, times, arrays) is the server's own text."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of a query that somebody else wrote."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    """One a column, as the server names them, "int8", "text"."""
    rows: tuple[tuple[Cell, ...], ...]
    more: bool
    """There are more rows than were asked for."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an engine expects of a query, before it runs."""

    cost: float | None
    """In the planner's own units; None where it has none."""
    rows: float | None
    """Rows of the result; None where the engine does not say."""
    most_rows: float
    """Rows that the largest step hands on, or visits."""
    says: str
    """Where the figures come from, in words."""


class Reader(Protocol):
    """One connection to a database of any engine, which reads only, within limits of time; not thread-safe.

    Every method raises Unavailable when the connection is gone (within 2 s of that), TimedOut when the statement was
    cancelled, Refused when it would not be run; the session stays usable after TimedOut and Refused.
    """

    @property
    def facts(self) -> ServerFacts:
        """Where this session is."""
        ...

    @property
    def cautions(self) -> tuple[str, ...]:
        """What this session cannot vouch for, in words; nothing where it is ours from end to end."""
        ...

    def rows(self, sql: str, params: Sequence[object] | Mapping[str, object] = ()) -> list[Row]:
        """Run one statement of ours with bound parameters, as the engine writes them, and return all rows.

        PostgreSQL and MySQL write `%s` and `%(name)s`, SQLite `?` and `:name`.
        """
        ...

    def estimates(self, queries: Iterable[str]) -> list[Estimate | Refused | TimedOut]:
        """Let the engine plan queries, and say what it expects of each, or why it did not plan it; never runs one.

        The next query is taken from `queries` while the one before is planned, where the engine's protocol lets it, so
        that making it costs no time of its own. `queries` must not use this session.
        """
        ...

    def read(self, query: str, at_most: int, *, skip: int = 0) -> Grid:
        """Run one query so that nothing can be changed, and take at most so many rows of it, after so many others.

        SHOW, DESCRIBE and EXPLAIN are run too, where an engine has them, but no EXPLAIN ANALYZE of PostgreSQL.
        """
        ...


class Session(Reader, Protocol):
    """A session of a PostgreSQL: `default_transaction_read_only`, and what only this planner can do.

    Refused carries `sqlstate`.
    """

    def parameter_types(self, statement: str) -> tuple[str, ...]:
        """Types that the server infers for `$1 … $n`, by PREPARE; never runs the statement."""
        ...

    def plan(self, statement: str, values: Sequence[str | None] | None = None) -> PlanJson:
        """EXPLAIN one statement; never runs it.

        Args:
            statement: SQL text, with `$n` when it has parameters.
            values: text form of each parameter (None is NULL), planned as a custom plan; None with parameters in
                the text asks for the generic plan (GENERIC_PLAN from 16, a forced generic plan before).
        """
        ...

    def measure(self, statement: str, values: Sequence[str | None] | None = None) -> PlanJson:
        """EXPLAIN (ANALYZE, BUFFERS) in a read-only transaction that is rolled back; runs the statement.

        The object returned has "Planning Time" and "Execution Time" (ms) beside the keys of the top plan node.
        """
        ...

    def imagine(self, definition: str) -> Imagined:
        """Create a hypothetical index from a CREATE INDEX text; Refused when this planner cannot imagine it."""
        ...

    def forget(self, imagined: Imagined | None = None) -> None:
        """Drop one hypothetical index, or all of this session."""
        ...


class Databases(Protocol):
    """Opens sessions, and keeps a few open per database."""

    def whereabouts(self, dsn: Secret) -> Whereabouts:
        """Say which database a DSN means and as whom, without connecting; raises Invalid when it cannot be read."""
        ...

    def as_account(self, dsn: Secret, account: str, password: Secret) -> Secret:
        """Return the DSN of the same database for another account; raises Invalid when it cannot be read."""
        ...

    def reader(self, dsn: Secret, limits: Limits = ...) -> AbstractContextManager[Reader]:
        """Lend a session of whatever engine the DSN names.

        Raises Unavailable (cannot connect: why, and what to check) or Invalid (the DSN cannot be read).
        """
        ...

    def session(self, dsn: Secret, limits: Limits = ...) -> AbstractContextManager[Session]:
        """Lend a session of a PostgreSQL; on the way out hypothetical indexes are gone.

        Raises what `reader` raises, and UnsupportedDatabase where the DSN names another engine.
        """
        ...

    def administer(self, dsn: Secret, statements: Sequence[str]) -> None:
        """Run statements of ours (roles, grants, extensions) and disconnect; all or none, where the engine can.

        MySQL commits each statement by itself. UnsupportedDatabase where there are no accounts (SQLite).
        """
        ...

    def close(self) -> None:
        """Close every kept session."""
        ...

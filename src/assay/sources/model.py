"""The nouns of a connected database: the source, what its account may do, and its schema."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from assay.kernel.values import Instant, Paged, Value

Engine = Literal["postgresql", "mysql", "sqlite"]
"""MariaDB is "mysql"; `server_version` says which of the two it is."""
State = Literal["online", "degraded", "offline", "unknown"]


class Source(Value):
    """A database that somebody connected; its credentials are sealed and never part of this."""

    id: str
    """Stable, "s_1f3a…"."""
    name: str
    engine: Engine
    where: str
    """Host, port and database, without the account's secret: "db.example:5432/shop"; or the path of a file."""
    account: str
    """The role it signs in as; empty for a file."""
    state: State
    state_reason: str | None = None
    """Why it is not online, in words."""
    server_version: str | None = None
    checked_at: Instant | None = None
    created_at: Instant
    version: int
    """Counts changes; a PUT or DELETE names the one it changes."""
    allow_powerful_account: bool = False
    """SQL of `ask` runs though the account may do more than read."""
    private_columns: tuple[str, ...] = ()
    """Columns whose values are not kept with the schema, "users.email" or "crm.users.email"."""


PrivateColumn = Annotated[str, Field(min_length=3, max_length=200, pattern=r"^[^.]+\.[^.].*$")]


class ConnectSource(Value):
    """A database to connect."""

    name: str = Field(min_length=1, max_length=80)
    dsn: str = Field(min_length=1, max_length=4_096, repr=False, json_schema_extra={"writeOnly": True})
    """postgresql://user:password@host:port/database?sslmode=… or key=value, mysql:// or mariadb:// with the same parts,
    sqlite:///absolute/path/to/file.db, or plugin://STORE, which a plugin reads; sealed at once, never returned."""
    allow_powerful_account: bool = False
    """Let `ask` run SQL though the account is a superuser, an owner, or may write; without this it is refused."""
    private_columns: tuple[PrivateColumn, ...] = Field(default=(), max_length=1_000)
    """Columns whose values are not kept with the schema, "users.email" or "crm.users.email"."""


class EditSource(Value):
    """What to change of a source; what is null stays."""

    id: str
    version: int
    name: str | None = Field(default=None, min_length=1, max_length=80)
    dsn: str | None = Field(
        default=None, min_length=1, max_length=4_096, repr=False, json_schema_extra={"writeOnly": True}
    )
    allow_powerful_account: bool | None = None
    private_columns: tuple[PrivateColumn, ...] | None = Field(default=None, max_length=1_000)


class RemoveSource(Value):
    """Which source to forget, with its history."""

    id: str
    version: int


class FindSource(Value):
    """Which source: its id or its name."""

    id: str


class ListSources(Paged):
    """Connected sources, by name."""

    search: str | None = Field(default=None, max_length=200)


class Lack(Value):
    """A grant or extension that is missing, what it costs, and the statement that adds it."""

    what: str
    """"pg_read_all_stats", "hypopg"."""
    without: str
    """What does not work until then, in words."""
    still: str
    """What works all the same, in words."""
    cure: str
    """The statement an administrator runs."""


class SourceCheck(Value):
    """What a sign-in found."""

    source: str
    engine: Engine = "postgresql"
    state: State
    state_reason: str | None = None
    server_version: str | None = None
    account: str | None = None
    superuser: bool = False
    powers: tuple[str, ...] = ()
    """What the account may do beyond reading, "owner of 3 tables", "FILE on *.*"."""
    extensions: dict[str, str] = Field(default_factory=dict)
    lacks: tuple[Lack, ...] = ()
    took_ms: float
    checked_at: Instant


class Column(Value):
    """One column with what the server's statistics say of it."""

    name: str
    type: str
    """As the database says it, "character varying(80)", "int(11)"."""
    nullable: bool
    n_distinct: float | None = None
    """As in pg_stats: negative is a share of the rows."""
    null_frac: float | None = None
    correlation: float | None = None
    avg_width: int | None = None
    common_values: tuple[str, ...] = ()
    """PostgreSQL: most_common_vals in text form, where the account may read them; else those of the first rows of a
    text column, most frequent first."""
    common_freqs: tuple[float, ...] = ()
    bounds: tuple[str, ...] = ()
    """histogram_bounds in text form."""


class Index(Value):
    """One index as pg_index and pg_stat_user_indexes describe it."""

    name: str
    definition: str
    """pg_get_indexdef; SQLite's own text; empty for MySQL."""
    method: str
    """"btree", "gin"…"""
    keys: tuple[str, ...]
    """Key columns or expressions in order, as pg_get_indexdef(…, n, true) writes them (no direction)."""
    descending: tuple[bool, ...]
    nulls_first: tuple[bool, ...]
    include: tuple[str, ...] = ()
    predicate: str | None = None
    opclasses: tuple[str, ...] = ()
    """Qualified names, one a key."""
    collations: tuple[str, ...] = ()
    """Collation name per key, "" for a type without one."""
    unique: bool
    primary: bool
    constraint: str | None = None
    """Name of the constraint that owns it or that needs it (foreign keys that point at it count)."""
    part_of: str | None = None
    """Qualified name of the partitioned index that it is attached to: it cannot be dropped alone."""
    replica_identity: bool = False
    valid: bool = True
    bytes: int
    scans: int
    """idx_scan since statistics were reset."""


class ForeignKey(Value):
    """One foreign key."""

    name: str
    columns: tuple[str, ...]
    to_table: str
    """Qualified, "public.users"."""
    to_columns: tuple[str, ...]


class Table(Value):
    """One table, partitioned table or materialised view."""

    schema_name: str
    name: str
    kind: Literal["table", "partitioned", "partition", "materialised"]
    rows: float
    """reltuples; -1 was never analysed."""
    bytes: int
    """Heap and TOAST, without indexes."""
    pages: int
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[Index, ...] = ()
    inserts: int = 0
    updates: int = 0
    deletes: int = 0
    hot_updates: int = 0
    seq_scans: int = 0
    analysed_at: Instant | None = None

    @property
    def qualified(self) -> str:
        """Schema and name with a dot, unquoted."""
        return f"{self.schema_name}.{self.name}"


class Schema(Value):
    """The part of a database that its account may see."""

    source: str
    tables: tuple[Table, ...]
    search_path: tuple[str, ...]
    stats_since: Instant | None = None
    """When the server last reset its statistics: how long `scans` and the write counts have been counting."""
    read_at: Instant

    def find(self, name: str, schema: str | None = None) -> Table | None:
        """Find a table by name, by the search path when no schema is named."""
        schemas = (schema,) if schema else self.search_path
        by_name = {(table.schema_name, table.name): table for table in self.tables if table.name == name}
        return next((by_name[(s, name)] for s in schemas if (s, name) in by_name), None)


class FindSchema(Value):
    """Which source's schema, and whether a cached one will do."""

    id: str
    table: str | None = None
    """Only this table, "orders" or "sales.orders"."""
    fresh: bool = False
    """Read again, even when the cached one is young."""


class InitSource(Value):
    """The least-privilege accounts and extensions to make, and, to make them, an administrator's sign-in."""

    database: str = Field(default="postgres", max_length=64)
    schemas: tuple[str, ...] = ("public",)
    """PostgreSQL's; a database of MariaDB is one."""
    engine: Literal["postgresql", "mariadb"] = "postgresql"
    account: Literal["profiler", "asker"] | None = None
    """profiler: what workload needs, and ask can use; asker: for questions alone, and the only one in MariaDB. Null is
    profiler in PostgreSQL."""
    revoke_functions: bool = False
    """With asker in PostgreSQL: take functions that wait, lock, notify or run text from PUBLIC in this database, and
    give them to every account that is there now. Accounts that are made later need a grant."""
    apply_dsn: str | None = Field(default=None, max_length=4_096, repr=False, json_schema_extra={"writeOnly": True})
    """Run the statements once with these credentials; used once, stored nowhere."""


class InitScript(Value):
    """The statements, for reading before running; passwords are `:'…'` placeholders or were just made."""

    statements: tuple[str, ...]
    applied: bool
    dsn_hint: str
    """How the reader account's DSN looks, without its password."""
    password_file: str | None = None
    """Where the new accounts' passwords were written (mode 0600), when they were applied."""

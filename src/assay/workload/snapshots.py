"""What pg_stat_statements holds at one moment, on servers 12 to 18, and what happened between two such moments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, cast

from pglast import ast

from assay.kernel.values import now
from assay.ports.databases import Reader, Row
from assay.ports.errors import Refused
from assay.workload.statements.parse import parse
from assay.workload.statements.tree import last_name, walk

Key = tuple[str, str, bool]
"""Role's oid, queryid, top level: what pg_stat_statements itself tells entries apart by, within one database."""

HIDDEN = "<insufficient privilege>"
MARKER = "/* assay */"
"""Begins every statement of ours that reads statistics, so that a scan does not find itself."""
EXTENSION = "CREATE EXTENSION pg_stat_statements"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of pg_stat_statements; times in ms, blocks of 8 kB, counted since the entry was made."""

    userid: str
    queryid: str
    toplevel: bool
    role: str
    text: str
    calls: int
    total_ms: float
    mean_ms: float
    stddev_ms: float | None
    min_ms: float | None
    max_ms: float | None
    rows: int
    blocks_hit: int
    blocks_read: int
    temp_written: int
    since: datetime | None = None
    """When the entry was made; servers from 17 say."""

    @property
    def key(self) -> Key:
        """What tells it apart."""
        return (self.userid, self.queryid, self.toplevel)


@dataclass(frozen=True, slots=True)
class Counters:
    """What of an entry only ever grows."""

    calls: int
    total_ms: float
    rows: int
    blocks_hit: int
    blocks_read: int
    temp_written: int

    def minus(self, other: Counters) -> Counters:
        """The difference; times that lose a little to rounding count as 0."""
        return Counters(
            self.calls - other.calls,
            max(0.0, self.total_ms - other.total_ms),
            self.rows - other.rows,
            self.blocks_hit - other.blocks_hit,
            self.blocks_read - other.blocks_read,
            self.temp_written - other.temp_written,
        )

    def plus(self, other: Counters) -> Counters:
        """The sum."""
        return Counters(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Counters)))

    def below(self, other: Counters) -> bool:
        """Say whether any count is smaller than in another: it began anew."""
        return self.calls < other.calls or self.rows < other.rows or any(
            (self.blocks_hit < other.blocks_hit, self.blocks_read < other.blocks_read,
             self.temp_written < other.temp_written, self.total_ms < other.total_ms - 0.01)
        )  # fmt: skip


NOTHING = Counters(0, 0.0, 0, 0, 0, 0)


def counters(entry: Entry) -> Counters:
    """Take from an entry what only ever grows."""
    return Counters(
        entry.calls, entry.total_ms, entry.rows, entry.blocks_hit, entry.blocks_read, entry.temp_written
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """What must be kept of a snapshot to tell the next one's deltas."""

    at: datetime
    reset_at: datetime | None
    evictions: int | None
    """How often entries were thrown away for lack of room; servers before 14 do not say."""
    counts: Mapping[Key, Counters]
    since: Mapping[Key, datetime] = field(default_factory=dict[Key, datetime])
    complete: bool = True
    """False when a limit cut entries off: one that is missing may merely have been cheaper."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All entries that were read, most total time first."""

    entries: tuple[Entry, ...]
    at: datetime
    reset_at: datetime | None
    evictions: int | None
    hidden: int = 0
    """Entries of other roles whose text this account may not see."""
    own: int = 0
    """Entries of Assay itself, left out."""
    utility: int = 0
    """Entries that are no SELECT, INSERT, UPDATE, DELETE or MERGE, left out."""
    complete: bool = True
    partial: tuple[str, ...] = ()

    def mark(self) -> Mark:
        """Return what must be kept of it."""
        return Mark(
            self.at, self.reset_at, self.evictions, {e.key: counters(e) for e in self.entries},
            {e.key: e.since for e in self.entries if e.since is not None}, self.complete,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Deltas:
    """What ran between two snapshots."""

    rows: Mapping[Key, Counters]
    """Only entries with calls in between."""
    seconds: float
    reset: bool
    """The server's statistics were reset in between, so what ran before the reset is lost."""
    evicted: int | None
    """How often the server threw entries away in between; None where it does not say."""


# reading ---------------------------------------------------------------------------------------------------------


def read_statements(session: Reader, limit: int = 5_000, min_mean_ms: float = 0.0) -> Snapshot:
    """Read pg_stat_statements for the session's database.

    Left out: utility statements, other databases' entries, and Assay's own reading of catalogs. Entries whose text the
    account may not see are counted in `hidden`, and `partial` says what cures it.

    Raises Refused when the extension is missing or not loaded, with the cure.
    """
    home, version = _extension(session)
    # what is left out below takes no room of the limit, as far as a fifth more rows can make up for it
    most = limit + max(100, limit // 5)
    rows = session.rows(statistics_query(home, version), {"limit": most + 1, "least": min_mean_ms})
    entries: list[Entry] = []
    hidden = own = utility = 0
    for row in rows[:most]:
        text = str(row["query"] or "")
        if text == HIDDEN:
            hidden += 1
        elif not plannable(text):
            utility += 1
        elif _is_ours(text, mine=bool(row["mine"])):
            own += 1
        else:
            entries.append(_entry(row, text))
    complete = len(rows) <= most and len(entries) <= limit
    reset_at, evictions = _info(session, home, version)
    return Snapshot(
        tuple(entries[:limit]), now(), reset_at, evictions, hidden, own, utility, complete, _partial(hidden, session)
    )  # fmt: skip


_INSTALLED = f"""{MARKER}
SELECT pg_catalog.quote_ident(n.nspname) AS home, e.extversion AS version FROM pg_catalog.pg_extension e
  JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'"""  # noqa: S608


def _extension(session: Reader) -> tuple[str, tuple[int, int]]:
    """Return the extension's schema, quoted, and its version."""
    found = session.rows(_INSTALLED)
    if not found:
        raise Refused(
            "The extension pg_stat_statements is not installed in this database, so there is no workload to read. "
            f"An administrator runs {EXTENSION}, with pg_stat_statements in shared_preload_libraries.",
            cure=EXTENSION,
        )
    major, _, minor = str(found[0]["version"]).partition(".")
    return str(found[0]["home"]), (int(major), int(minor or 0))


def statistics_query(home: str, version: tuple[int, int]) -> str:
    """Write the query for a version of the extension in a schema (quoted).

    1.8 (server 13) splits planning from execution, 1.9 (14) has toplevel, 1.11 (17) stats_since.
    """
    executed = "exec_" if version >= (1, 8) else ""
    toplevel = "s.toplevel" if version >= (1, 9) else "true"
    since = "s.stats_since" if version >= (1, 11) else "NULL::timestamptz"
    return f"""{MARKER}
SELECT s.userid::text AS userid, s.queryid::text AS queryid, {toplevel} AS toplevel, s.query AS query,
       s.calls AS calls, coalesce(r.rolname, s.userid::text) AS role,
       r.rolname IS NOT DISTINCT FROM current_user AS mine, {since} AS since,
       s.total_{executed}time AS total_ms, s.mean_{executed}time AS mean_ms, s.stddev_{executed}time AS stddev_ms,
       s.min_{executed}time AS min_ms, s.max_{executed}time AS max_ms, s.rows AS rows,
       s.shared_blks_hit AS hit, s.shared_blks_read AS read, s.temp_blks_written AS temp
  FROM {home}.pg_stat_statements s LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.userid
 WHERE s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
   AND s.mean_{executed}time >= %(least)s AND s.calls > 0
 ORDER BY s.total_{executed}time DESC, s.queryid LIMIT %(limit)s"""  # noqa: S608 - the server's own names, quoted


def _entry(row: Row, text: str) -> Entry:
    return Entry(
        userid=str(row["userid"]), queryid=str(row["queryid"]), toplevel=bool(row["toplevel"]), role=str(row["role"]),
        text=text, calls=int(row["calls"]), total_ms=float(row["total_ms"]), mean_ms=float(row["mean_ms"]),
        stddev_ms=_number(row["stddev_ms"]), min_ms=_number(row["min_ms"]), max_ms=_number(row["max_ms"]),
        rows=int(row["rows"]), blocks_hit=int(row["hit"]), blocks_read=int(row["read"]), temp_written=int(row["temp"]),
        since=cast("datetime | None", row["since"]),
    )  # fmt: skip


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _info(session: Reader, home: str, version: tuple[int, int]) -> tuple[datetime | None, int | None]:
    if version < (1, 9):
        return None, None
    row = session.rows(f"{MARKER} SELECT dealloc, stats_reset FROM {home}.pg_stat_statements_info")[0]  # noqa: S608
    return row["stats_reset"], int(row["dealloc"])


def _partial(hidden: int, session: Reader) -> tuple[str, ...]:
    if not hidden:
        return ()
    role = session.facts.user
    return (
        f"The texts of {hidden:,} statements of other roles cannot be read by {role}; an administrator runs "
        f'GRANT pg_read_all_stats TO "{role}".',
    )


# which entries count --------------------------------------------------------------------------------------------------

_PLANNABLE = frozenset({"select", "with", "insert", "update", "delete", "merge", "values", "table"})


def first_word(text: str) -> str:
    """Return the first word of a statement in small letters, comments and opening parentheses skipped."""
    at, size = 0, len(text)
    while at < size:
        if text.startswith("--", at):
            end = text.find("\n", at)
            at = size if end < 0 else end + 1
        elif text.startswith("/*", at):
            at = _after_comment(text, at)
        elif text[at].isspace() or text[at] == "(":
            at += 1
        else:
            break
    end = at
    while end < size and text[end].isalpha():
        end += 1
    return text[at:end].lower()


def _after_comment(text: str, at: int) -> int:
    """Comments nest in PostgreSQL."""
    depth = 0
    while at < len(text):
        if text.startswith("/*", at):
            depth, at = depth + 1, at + 2
        elif text.startswith("*/", at):
            depth, at = depth - 1, at + 2
            if not depth:
                return at
        else:
            at += 1
    return at


def plannable(text: str) -> bool:
    """Say whether a text begins as a statement that the planner plans."""
    return first_word(text) in _PLANNABLE


_CATALOGS = ("pg_", "information_schema", "hypopg")
_SYSTEM_SCHEMAS = frozenset({"pg_catalog", "information_schema"})


def _is_ours(text: str, *, mine: bool) -> bool:
    """Tell our own reading: marked, or, when this account ran it, a read of nothing but the server's catalogs."""
    if text.startswith(MARKER):
        return True
    return mine and any(word in text for word in _CATALOGS) and reads_catalogs_only(text)


def reads_catalogs_only(text: str) -> bool:
    """Say whether a SELECT reads the server's catalogs, views and hypopg, and no table of anybody."""
    tree = parse(text).tree
    if not isinstance(tree, ast.SelectStmt):
        return False
    nodes = list(walk(tree))
    common = {str(node.ctename) for node in nodes if isinstance(node, ast.CommonTableExpr)}
    tables = [node for node in nodes if isinstance(node, ast.RangeVar) and str(node.relname) not in common]
    called = any(
        isinstance(node, ast.FuncCall) and last_name(node.funcname).startswith(("pg_", "hypopg")) for node in nodes
    )
    return (bool(tables) or called) and all(
        str(node.relname).startswith("pg_") or node.schemaname in _SYSTEM_SCHEMAS for node in tables
    )


# differences ---------------------------------------------------------------------------------------------------------


def deltas(previous: Mark | None, current: Mark) -> Deltas:
    """Return what ran between two snapshots; never negative.

    An entry whose counts went down, or whose `since` changed, was thrown away and made anew: all it holds ran in
    between. The same goes for every entry when the server's statistics were reset: its reset time changed, or, where
    the server does not tell it, most counts went down. An entry that was not there before counts in full when the
    snapshot before was complete. Without a snapshot before there is nothing in between.
    """
    if previous is None:
        return Deltas({}, 0.0, reset=False, evicted=None)
    seconds = max(0.0, (current.at - previous.at).total_seconds())
    reset = _was_reset(previous, current)
    rows: dict[Key, Counters] = {}
    for key, counts in current.counts.items():
        before = previous.counts.get(key)
        if before is None and not previous.complete and not reset:
            # It may have been there, below the limit: what ran when is not known.
            continue
        anew = reset or before is None or counts.below(before) or previous.since.get(key) != current.since.get(key)
        grown = counts if anew or before is None else counts.minus(before)
        if grown.calls > 0:
            rows[key] = grown
    evicted = None
    if current.evictions is not None and previous.evictions is not None:
        evicted = current.evictions if reset else max(0, current.evictions - previous.evictions)
    return Deltas(rows, seconds, reset, evicted)


def _was_reset(previous: Mark, current: Mark) -> bool:
    if previous.reset_at is not None and current.reset_at is not None:
        return previous.reset_at != current.reset_at
    both = [key for key in current.counts if key in previous.counts]
    fallen = sum(current.counts[key].below(previous.counts[key]) for key in both)
    gone = len(previous.counts) - len(both)
    if not both:
        return bool(previous.counts) and bool(current.counts)
    return fallen > len(both) / 2 or (previous.complete and current.complete and fallen > 0 and gone > len(both))


def summed(rows: Iterable[Counters]) -> Counters:
    """Add counts up."""
    total = NOTHING
    for row in rows:
        total = total.plus(row)
    return total

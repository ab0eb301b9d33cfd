"""One scan: statistics read, statements fingerprinted, the worst of them planned and judged by the rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assay.ports.databases import Limits, Reader, Session
from assay.ports.secret import Secret
from assay.ports.workers import Bench, Progress
from assay.sources.introspect import read_schema
from assay.sources.model import Schema
from assay.workload.judging import Judge, Judged
from assay.workload.rules.draft import Ran
from assay.workload.seen import by_fingerprint, read_running
from assay.workload.snapshots import Deltas, Entry, Mark, Snapshot, deltas, read_statements
from assay.workload.statements.parse import fingerprint
from assay.workload.statements.title import quick_title

_HYPOPG = (
    "What-if planning is off: hypopg is not installed in this database; an administrator runs CREATE EXTENSION hypopg."
)
_UNCOSTED = (
    "Nothing was planned or judged: costing needs a direct connection, and this database is read through a plugin."
)


@dataclass(frozen=True, slots=True)
class ScanWork:
    """What a scan needs to know; crosses to a worker process."""

    source: str
    dsn: Secret
    schema: Schema | None = None
    """Read when it is not given."""
    top: int = 20
    """So many statements, most total time first, get a plan and are judged."""
    limit: int = 5_000
    min_mean_ms: float = 0.0
    known: Mapping[str, str] = field(default_factory=dict[str, str])
    """Fingerprints by queryid, of earlier scans."""
    titled: frozenset[str] = frozenset()
    """Fingerprints that have a title already."""
    previous: Mark | None = None
    """Of the snapshot before."""
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Statement:
    """All entries that share a fingerprint."""

    fingerprint: str
    text: str
    """Of the entry with most total time."""
    title: str | None
    """None when it has one already."""
    queryids: tuple[str, ...]
    roles: tuple[str, ...]
    entries: tuple[Entry, ...]
    ran: Ran
    judged: Judged | None = None
    """None below the top."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What one scan read and found; crosses back from a worker process."""

    source: str
    statements: tuple[Statement, ...]
    """Most total time first."""
    snapshot: Snapshot
    deltas: Deltas
    schema: Schema
    server_version: str
    account: str
    planned: int
    unplanned: int
    what_if_calls: int
    partial: tuple[str, ...]
    """What could not be read or done, why, and what cures it, a sentence each."""
    took_ms: float
    phases: Mapping[str, float]
    """Milliseconds of each part."""


def scan(bench: Bench, asked: ScanWork) -> ScanResult:
    """Read a workload and judge its worst statements.

    A statement that cannot be planned never stops a scan: its reason is kept. What is missing of grants and
    extensions is named in `partial`.

    Raises Unavailable when the database cannot be reached (or is lost on the way), Refused when it has no
    pg_stat_statements, Cancelled when somebody stopped the work.
    """
    bench.report(Progress("Connecting"))
    with bench.databases.session(asked.dsn, asked.limits) as session:
        return scan_session(session, asked, bench.report)


def read_workload(reader: Reader, asked: ScanWork) -> ScanResult:
    """Do of a scan what needs no plans: read statistics, and tell statements apart."""
    assert asked.schema is not None
    clock = _Clock()
    snapshot = read_statements(reader, asked.limit, asked.min_mean_ms)
    clock.lap("read")
    statements = [_titled(statement, asked.titled) for statement in grouped(snapshot, asked.known)]
    clock.lap("fingerprints and titles")
    return ScanResult(
        asked.source, tuple(statements), snapshot, deltas(asked.previous, snapshot.mark()), asked.schema,
        reader.facts.version, reader.facts.user, 0, 0, 0, (*snapshot.partial, _UNCOSTED), clock.total(), clock.laps,
    )  # fmt: skip


def scan_session(session: Session, asked: ScanWork, report: Callable[[Progress], None]) -> ScanResult:
    """Do a scan's work with an open session."""
    clock = _Clock()
    schema = asked.schema
    if schema is None:
        report(Progress("Reading the schema"))
        schema = read_schema(session, asked.source)
        clock.lap("schema")
    report(Progress("Reading pg_stat_statements"))
    snapshot = read_statements(session, asked.limit, asked.min_mean_ms)
    clock.lap("read")
    report(Progress("Telling statements apart", 0, len(snapshot.entries)))
    statements = grouped(snapshot, asked.known)
    running = by_fingerprint(read_running(session) if asked.top else ())
    clock.lap("fingerprints")
    top = statements[: asked.top]
    bench = Judge(session, schema, running)
    judged: list[Statement] = []
    for place, statement in enumerate(top):
        report(Progress("Planning and judging", place, len(top)))
        judged.append(_with(statement, bench.judge(statement.fingerprint, statement.text, statement.ran)))
    clock.lap("plans and rules")
    rest = [_titled(statement, asked.titled) for statement in statements[asked.top :]]
    clock.lap("titles")
    unplanned = sum(1 for s in judged if s.judged and s.judged.error)
    partial = (*snapshot.partial, *(() if bench.hypopg else (_HYPOPG,)), *bench.partial())
    return ScanResult(
        asked.source, (*judged, *rest), snapshot, deltas(asked.previous, snapshot.mark()), schema,
        session.facts.version, session.facts.user, len(judged) - unplanned, unplanned, bench.what_if_calls, partial,
        clock.total(), clock.laps,
    )  # fmt: skip


class _Clock:
    def __init__(self) -> None:
        self._began = self._last = time.perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        at = time.perf_counter()
        self.laps[name] = (at - self._last) * 1_000
        self._last = at

    def total(self) -> float:
        return (time.perf_counter() - self._began) * 1_000


def grouped(snapshot: Snapshot, known: Mapping[str, str]) -> list[Statement]:
    """Put entries that share a fingerprint together, most total time first."""
    groups: dict[str, list[Entry]] = {}
    for entry in snapshot.entries:
        groups.setdefault(known.get(entry.queryid) or fingerprint(entry.text), []).append(entry)
    total = sum(entry.total_ms for entry in snapshot.entries)
    made = [_statement(name, entries, total) for name, entries in groups.items()]
    return sorted(made, key=lambda statement: -statement.ran.total_ms)


def _statement(name: str, entries: Sequence[Entry], total: float) -> Statement:
    worst = max(entries, key=lambda entry: entry.total_ms)
    spent = sum(e.total_ms for e in entries)
    ran = Ran(
        calls=sum(e.calls for e in entries), total_ms=spent, rows=sum(e.rows for e in entries),
        blocks=sum(e.blocks_hit + e.blocks_read for e in entries), temp_written=sum(e.temp_written for e in entries),
        share=spent / total if total else 0.0,
    )  # fmt: skip
    ids = tuple(dict.fromkeys(e.queryid for e in entries))
    return Statement(name, worst.text, None, ids, tuple(sorted({e.role for e in entries})), tuple(entries), ran)


def _with(statement: Statement, found: tuple[str, Judged]) -> Statement:
    title, judged = found
    return replace(statement, title=title, judged=judged)


def _titled(statement: Statement, titled: frozenset[str]) -> Statement:
    if statement.fingerprint in titled:
        return statement
    return replace(statement, title=quick_title(statement.text))

"""The rows of a scan: statements, their load, the deltas since the scan before, and the mark for the next one."""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from datetime import datetime
from math import sqrt
from typing import Any

from sqlalchemy import delete, insert, update

from assay.ports.store import Change, Row
from assay.workload._store import loads, plans, points, queries, snapshots
from assay.workload.keeping import stable_id
from assay.workload.scan import ScanResult, Statement
from assay.workload.snapshots import Counters, Key, Mark, summed

STEP = 5_000
"""Ids in one IN list: SQLite binds at most 32,766 values."""


def query_id(source: str, fingerprint: str) -> str:
    """The id of a statement: the same in every scan of the same source."""
    return stable_id("q", source, fingerprint)


def keep_statements(source: str, result: ScanResult, known: Mapping[str, Row]) -> list[Change]:
    """Insert statements that are new, and say of the others that they were seen again."""
    at = result.snapshot.at
    new: list[dict[str, Any]] = []
    again: list[str] = []
    changes: list[Change] = []
    for statement in result.statements:
        id = query_id(source, statement.fingerprint)
        had = known.get(id)
        if had is None:
            new.append(_query_row(id, source, statement, at))
            continue
        again.append(id)
        differs = _differences(had, statement, at)
        if differs:
            changes.append(Change(update(queries).where(queries.c.id == id).values(**differs)))
    for ids in _some(again):
        changes.append(Change(update(queries).where(queries.c.id.in_(ids)).values(last_seen=at)))
    return [*([Change(insert(queries).values(new))] if new else []), *changes]


def _query_row(id: str, source: str, statement: Statement, at: datetime) -> dict[str, Any]:
    return {
        "id": id, "source": source, "fingerprint": statement.fingerprint, "raw_sql": statement.text,
        "norm_sql": statement.judged.planned if statement.judged else statement.text,
        "title": statement.title or statement.fingerprint, "queryids": list(statement.queryids),
        "roles": list(statement.roles), "first_seen": at, "last_seen": at,
        "looked_at": at if statement.judged else None,
    }  # fmt: skip


def _differences(had: Row, statement: Statement, at: datetime) -> dict[str, Any]:
    now_is: dict[str, Any] = {"queryids": list(statement.queryids), "roles": list(statement.roles)}
    if statement.title:
        now_is["title"] = statement.title
    if statement.judged is not None:
        now_is |= {"raw_sql": statement.text, "norm_sql": statement.judged.planned, "looked_at": at}
    return {name: value for name, value in now_is.items() if had[name] != value}


def _some(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + STEP] for start in range(0, len(ids), STEP))


def keep_loads(source: str, result: ScanResult) -> list[Change]:
    """Replace the load since statistics began."""
    rows = [_load_row(source, statement, result.snapshot.at) for statement in result.statements]
    return [
        Change(delete(loads).where(loads.c.source == source)),
        *([Change(insert(loads).values(rows))] if rows else []),
    ]


def _load_row(source: str, statement: Statement, at: datetime) -> dict[str, Any]:
    entries, ran = statement.entries, statement.ran
    longest = [entry.max_ms for entry in entries if entry.max_ms is not None]
    return {
        "query_id": query_id(source, statement.fingerprint), "source": source, "calls": ran.calls,
        "total_ms": ran.total_ms, "mean_ms": ran.mean_ms, "stddev_ms": _spread(statement),
        "max_ms": max(longest, default=None), "rows": ran.rows,
        "blocks_hit": sum(entry.blocks_hit for entry in entries),
        "blocks_read": sum(entry.blocks_read for entry in entries), "temp_written": ran.temp_written, "read_at": at,
    }  # fmt: skip


def _spread(statement: Statement) -> float | None:
    """Standard deviation over all entries together: within each, and of their means around the common one."""
    entries, ran = statement.entries, statement.ran
    if not ran.calls or any(entry.stddev_ms is None for entry in entries):
        return None
    squares = sum(e.calls * ((e.stddev_ms or 0.0) ** 2 + (e.mean_ms - ran.mean_ms) ** 2) for e in entries)
    return sqrt(squares / ran.calls)


def keep_points(source: str, result: ScanResult) -> list[Change]:
    """Add what ran since the scan before, by statement."""
    deltas, at = result.deltas, result.snapshot.at
    if deltas.seconds <= 0 or not deltas.rows:
        return []
    of_key: dict[Key, str] = {
        entry.key: query_id(source, statement.fingerprint)
        for statement in result.statements
        for entry in statement.entries
    }
    grown: dict[str, list[Counters]] = defaultdict(list)
    for key, counts in deltas.rows.items():
        if key in of_key:
            grown[of_key[key]].append(counts)
    rows = [
        {"query_id": id, "at": at, "source": source, "seconds": deltas.seconds, **_counts(summed(some))}
        for id, some in grown.items()
    ]
    return [Change(insert(points).values(rows))] if rows else []


def _counts(counts: Counters) -> dict[str, Any]:
    names = ("calls", "total_ms", "rows", "blocks_hit", "blocks_read", "temp_written")
    return {name: getattr(counts, name) for name in names}


def keep_plans(source: str, result: ScanResult) -> list[Change]:
    """Replace the plan, samples and facts of every statement that was judged."""
    rows = [
        {
            "query_id": query_id(source, statement.fingerprint), "source": source,
            "plan": judged.plan.model_dump(mode="json") if judged.plan else None, "error": judged.error,
            "samples": [sample.model_dump(mode="json") for sample in judged.samples],
            "chips": [chip.model_dump(mode="json") for chip in judged.chips], "captured_at": result.snapshot.at,
        }
        for statement in result.statements
        if (judged := statement.judged) is not None
    ]  # fmt: skip
    return [
        Change(delete(plans).where(plans.c.source == source)),
        *([Change(insert(plans).values(rows))] if rows else []),
    ]


def keep_mark(source: str, mark: Mark) -> list[Change]:
    """Replace the snapshot that the next scan takes its deltas from."""
    row = {"source": source, "at": mark.at, "reset_at": mark.reset_at, "counters": _pack(mark)}
    return [Change(delete(snapshots).where(snapshots.c.source == source)), Change(insert(snapshots).values(**row))]


def _pack(mark: Mark) -> bytes:
    kept = {
        "evictions": mark.evictions,
        "complete": mark.complete,
        "counts": [[*key, *astuple(counts)] for key, counts in mark.counts.items()],
        "since": [[*key, at.isoformat()] for key, at in mark.since.items()],
    }
    return zlib.compress(json.dumps(kept, separators=(",", ":")).encode(), 1)


def mark_of(row: Row) -> Mark:
    """Read a mark back."""
    kept = json.loads(zlib.decompress(row["counters"]))
    return Mark(
        at=row["at"], reset_at=row["reset_at"], evictions=kept["evictions"], complete=kept["complete"],
        counts={(one[0], one[1], one[2]): Counters(*one[3:]) for one in kept["counts"]},
        since={(one[0], one[1], one[2]): datetime.fromisoformat(one[3]) for one in kept["since"]},
    )  # fmt: skip

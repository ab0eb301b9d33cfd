"""Writes how to bring a recommendation to production without stopping it, and how to go back: steps and one psql script."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assay.kernel.assayed import Verdict
from assay.sources.model import Table
from assay.workload.drops import rebuilt
from assay.workload.model import Recommendation, Runbook, RunbookStep
from assay.workload.recommend import build_seconds
from assay.workload.simulate import created_name, dropped_name
from assay.workload.statements.writer import literal, quoted

ATTEMPTS = 3
_WAIT = "60s"
_SHORT_WAIT = "3s"
_SHARE = "SHARE UPDATE EXCLUSIVE on the table: reads and writes go on; other DDL and VACUUM of it wait."
_NO_LOCK = "Nothing."
_MOMENT = "A moment."


@dataclass(frozen=True, slots=True)
class _Target:
    """The index that comes or goes."""

    schema: str
    table: str
    name: str

    @property
    def relation(self) -> str:
        return f"{quoted(self.schema)}.{quoted(self.table)}"

    @property
    def index(self) -> str:
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    def there(self, valid: str = "") -> str:
        """A condition: the index exists (and `i.indisvalid`, or not)."""
        return (
            "EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indexrelid = "
            f"to_regclass({literal(self.index)}){' AND ' + valid if valid else ''})"
        )


def runbook(recommendation: Recommendation, table: Table | None = None) -> Runbook:
    """Write the runbook of a recommendation.

    Args:
        table: the table that it is for, for size and time; None when it is not known any more.

    The script is for psql: every statement of it can run again, attempts follow one another with a pause, and it ends
    with an error when the change is not there. It is an estimate: sizes and times are computed, not measured.
    """
    name = created_name(recommendation.ddl or "")
    gone = dropped_name(recommendation.ddl or "")
    schema, _, bare = recommendation.table.rpartition(".")
    target = _Target(schema or "public", bare, name or gone or "")
    partitioned = table is not None and table.kind == "partitioned"
    if recommendation.rewrite is not None:
        steps, undo = _rewrite_steps(recommendation), []
    elif name is not None and partitioned:
        steps, undo = _partitioned_steps(recommendation, target, table), [_drop_step(target, "Drop it again")]
    elif name is not None:
        steps, undo = _create_steps(recommendation, target, table), [_drop_step(target, "Drop it again")]
    elif gone is not None:
        steps, undo = _drop_steps(recommendation, target, table), _rebuild_steps(recommendation, target, table)
    else:
        steps, undo = _plain_steps(recommendation), _plain_undo(recommendation)
    withheld = recommendation.verdict is Verdict.WITHHELD
    return Runbook(
        verdict=Verdict.WITHHELD if withheld else Verdict.ESTIMATE,
        evidence=recommendation.evidence,
        missing=(
            "Size and time are computed from the table's statistics; this script was not run on your server.",
            "How long transactions of yours stay open: building and dropping wait for those that began before.",
        ),
        recommendation_id=recommendation.id,
        title=recommendation.title,
        steps=tuple(steps),
        undo=tuple(undo),
        bytes=recommendation.bytes,
        script=_script(recommendation, steps, undo),
    )


# steps ---------------------------------------------------------------------------------------------------------


def _create_steps(recommendation: Recommendation, target: _Target, table: Table | None) -> list[RunbookStep]:
    seconds = recommendation.build_seconds or (build_seconds(table) if table else None)
    return [
        _look_step(target),
        RunbookStep(
            title="Build the index",
            sql=_attempts(_clear_and_build(recommendation.ddl or "", target), target.there("i.indisvalid"), _WAIT),
            locks=_SHARE,
            takes=f"{_duration(seconds)}, and as long as the oldest open transaction on top.",
            note=f"{ATTEMPTS} attempts. One that was cancelled leaves an invalid index, which costs writes and serves nothing; "
            "the next attempt drops it first.",
        ),
        _valid_step(target),
        *([_analyse_step(target)] if _on_expression(recommendation) else []),
        _watch_step(target),
    ]


def _clear_and_build(ddl: str, target: _Target) -> list[str]:
    return [
        f"SELECT {literal('DROP INDEX CONCURRENTLY ' + target.index)} WHERE {target.there('NOT i.indisvalid')} \\gexec",
        f"SELECT {literal(ddl.rstrip(' ;'))} WHERE NOT {target.there()} \\gexec",
    ]


def _partitioned_steps(recommendation: Recommendation, target: _Target, table: Table | None) -> list[RunbookStep]:
    """An index on the parent alone, one on each partition without blocking, then the partitions' are attached."""
    body = re.split(r"\sON\s", recommendation.ddl or "", maxsplit=1)[1]
    definition = body[body.index("(") :].rstrip(" ;")
    tree = f"pg_catalog.pg_partition_tree({literal(target.relation)})"
    own = f"left({literal(target.name)}, 40) || '_' || p.relid::oid"
    schema_of = "(SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = p.relid)"
    invalid = (
        "SELECT format('DROP INDEX CONCURRENTLY %s', i.indexrelid::regclass)\n"
        f"  FROM {tree} p JOIN pg_catalog.pg_index i ON i.indrelid = p.relid JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid\n"
        f" WHERE p.isleaf AND NOT i.indisvalid AND x.relname = {own} \\gexec"
    )
    build = (
        "SELECT format(CASE WHEN p.isleaf THEN 'CREATE INDEX CONCURRENTLY IF NOT EXISTS %I ON %s %s'\n"
        "                   ELSE 'CREATE INDEX IF NOT EXISTS %I ON ONLY %s %s' END,\n"
        f"              {own}, p.relid::regclass, {literal(definition)})\n"
        f"  FROM {tree} p WHERE p.parentrelid IS NOT NULL \\gexec"
    )
    parent_index = (
        f"CASE WHEN p.parentrelid = {literal(target.relation)}::regclass THEN {literal(target.index)}\n"
        f"                   ELSE format('%I.%I', {schema_of.replace('p.relid', 'p.parentrelid')}, "
        f"left({literal(target.name)}, 40) || '_' || p.parentrelid::oid) END"
    )
    attach = (
        f"SELECT format('ALTER INDEX %s ATTACH PARTITION %I.%I', {parent_index}, {schema_of}, {own})\n"
        f"  FROM {tree} p WHERE p.parentrelid IS NOT NULL ORDER BY p.level DESC \\gexec"
    )
    parent = f"CREATE INDEX IF NOT EXISTS {quoted(target.name)} ON ONLY {target.relation} {definition};"
    every = (
        f"NOT EXISTS (SELECT FROM {tree} p WHERE p.isleaf AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i JOIN "
        f"pg_catalog.pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = p.relid AND i.indisvalid AND x.relname = {own}))"
    )
    seconds = recommendation.build_seconds or (build_seconds(table) if table else None)
    return [
        _look_step(target),
        RunbookStep(
            title="Make the parent's index, empty and not valid yet",
            sql=_attempts([parent], target.there(), _SHORT_WAIT),
            locks="SHARE on the parent: writes through it wait, for a moment; at most 3 s, then it tries again.",
            takes=_MOMENT,
        ),
        RunbookStep(
            title="Build the index on every partition",
            sql=_attempts([invalid, build], every, _WAIT),
            locks="SHARE UPDATE EXCLUSIVE on one partition after the other: reads and writes go on.",
            takes=f"{_duration(seconds)} in all, and for each as long as the oldest open transaction.",
            note="New partitions made meanwhile get the index by themselves.",
        ),
        RunbookStep(
            title="Attach them: with the last one the parent's index becomes valid",
            sql=_attempts([attach], target.there("i.indisvalid"), _SHORT_WAIT),
            locks="ACCESS EXCLUSIVE on each partition's index and SHARE UPDATE EXCLUSIVE on the parent's, for a moment.",
            takes=_MOMENT,
        ),
        _valid_step(target),
        *([_analyse_step(target)] if _on_expression(recommendation) else []),
        _watch_step(target),
    ]


def _drop_steps(recommendation: Recommendation, target: _Target, table: Table | None) -> list[RunbookStep]:
    kept = next((index for index in table.indexes if index.name == target.name), None) if table else None
    definition = kept.definition if kept else (recommendation.undo or "")
    return [
        RunbookStep(
            title="Keep the definition",
            sql=f"SELECT pg_catalog.pg_get_indexdef(to_regclass({literal(target.index)})) AS definition;",
            locks=_NO_LOCK,
            takes=_MOMENT,
            note=f"To go back: {rebuilt(definition)};" if definition else None,
        ),
        RunbookStep(
            title="See whether it is used, here and on every replica",
            sql=_usage(target),
            locks=_NO_LOCK,
            takes=_MOMENT,
            note="Each server counts its own scans: run this on the replicas too, and stop when one of them uses it.",
        ),
        _drop_step(target, "Drop the index"),
        RunbookStep(
            title="Check that it is gone",
            sql=_assert(f"NOT {target.there()}", f"The index {target.name} is still there: see the errors above, then run this again."),
            locks=_NO_LOCK,
            takes=_MOMENT,
        ),
        RunbookStep(
            title="Watch what it does without",
            sql=f"SELECT seq_scan, idx_scan FROM pg_catalog.pg_stat_all_tables WHERE relid = to_regclass({literal(target.relation)});",
            locks=_NO_LOCK,
            takes="A day at least.",
            note="When sequential scans of the table rise, or statements get slower, build it again.",
        ),
    ]


def _rebuild_steps(recommendation: Recommendation, target: _Target, table: Table | None) -> list[RunbookStep]:
    if not recommendation.undo:
        return []
    ddl = rebuilt(recommendation.undo.rstrip(" ;"))
    return [
        RunbookStep(
            title="Build it again",
            sql=_attempts(_clear_and_build(ddl, target), target.there("i.indisvalid"), _WAIT),
            locks=_SHARE,
            takes=_duration(build_seconds(table) if table else None) + ".",
        ),
        _valid_step(target),
    ]


def _drop_step(target: _Target, title: str) -> RunbookStep:
    return RunbookStep(
        title=title,
        sql=_attempts([f"DROP INDEX CONCURRENTLY IF EXISTS {target.index};"], f"NOT {target.there()}", _WAIT),
        locks=_SHARE,
        takes="A moment, and as long as the oldest open transaction that may use it.",
        note="Of a partitioned table's index: DROP INDEX without CONCURRENTLY, in a quiet moment.",
    )


def _look_step(target: _Target) -> RunbookStep:
    return RunbookStep(
        title="See what would hold it up",
        sql=(
            "SELECT pid, state, now() - xact_start AS open_for, left(query, 60) AS query\n"
            "  FROM pg_catalog.pg_stat_activity\n"
            " WHERE xact_start < now() - interval '1 minute' AND pid <> pg_backend_pid() ORDER BY xact_start;\n"
            f"SELECT pg_size_pretty(pg_table_size({literal(target.relation)}::regclass)) AS table_size;"
        ),
        locks=_NO_LOCK,
        takes=_MOMENT,
        note="Transactions that stay open hold the build up until they end. Disk needs room for the index, and for as much "
        "again while it is sorted.",
    )


def _valid_step(target: _Target) -> RunbookStep:
    return RunbookStep(
        title="Check that it is there and valid",
        sql=_assert(target.there("i.indisvalid"), f"The index {target.name} is not there, or not valid: see the errors above, then run this again."),
        locks=_NO_LOCK,
        takes=_MOMENT,
    )  # fmt: skip


def _analyse_step(target: _Target) -> RunbookStep:
    return RunbookStep(
        title="Gather statistics of the expression",
        sql=f"ANALYZE {target.relation};",
        locks=_SHARE,
        takes="Seconds.",
        note="Until then the planner guesses how many rows the expression finds, and may not use the index.",
    )


def _watch_step(target: _Target) -> RunbookStep:
    return RunbookStep(
        title="Watch whether it is used",
        sql=_usage(target),
        locks=_NO_LOCK,
        takes="An hour of usual work, at least.",
        note="Keep it when idx_scan grows and the statements got faster; else go back.",
    )


def _usage(target: _Target) -> str:
    return (
        "SELECT idx_scan, idx_tup_read, pg_size_pretty(pg_relation_size(indexrelid)) AS size\n"
        f"  FROM pg_catalog.pg_stat_all_indexes WHERE indexrelid = to_regclass({literal(target.index)});"
    )


def _rewrite_steps(recommendation: Recommendation) -> list[RunbookStep]:
    text = recommendation.rewrite.text if recommendation.rewrite else ""
    return [
        RunbookStep(
            title="Change the statement in the application",
            sql="\n".join(f"-- {line}" for line in text.splitlines()),
            locks=_NO_LOCK,
            takes="A release of the application.",
            note="Compare the rows of both on a copy of your data first.",
        )
    ]


def _plain_steps(recommendation: Recommendation) -> list[RunbookStep]:
    return [
        RunbookStep(
            title=recommendation.title,
            sql=f"{(recommendation.ddl or '').rstrip(' ;')};",
            locks=_SHARE,
            takes=_duration(recommendation.build_seconds) + ".",
        )
    ]


def _plain_undo(recommendation: Recommendation) -> list[RunbookStep]:
    if not recommendation.undo:
        return []
    return [RunbookStep(title="Go back", sql=f"{recommendation.undo.rstrip(' ;')};", locks=_SHARE, takes=_MOMENT)]


# text ----------------------------------------------------------------------------------------------------------


def _attempts(statements: list[str], done: str, wait: str) -> str:
    """The statements as often as there are attempts, with a pause between; a failed one does not end the script."""
    lines = ["\\set ON_ERROR_STOP off", f"SET lock_timeout = '{wait}';", "SET statement_timeout = 0;"]
    for attempt in range(ATTEMPTS):
        if attempt:
            lines.append(f"SELECT pg_sleep({5 * attempt}) WHERE NOT ({done}) \\g (tuples_only=on) /dev/null")
        lines.append(f"SELECT NOT ({done}) AS again \\gset")
        lines += ["\\if :again", *statements, "\\endif"]
    return "\n".join([*lines, "\\set ON_ERROR_STOP on", "RESET lock_timeout;"])


def _assert(condition: str, otherwise: str) -> str:
    return (
        f"DO $assay$ BEGIN\n  IF NOT ({condition}) THEN\n"
        f"    RAISE EXCEPTION USING MESSAGE = {literal(otherwise)};\n  END IF;\nEND $assay$;"
    )


def _on_expression(recommendation: Recommendation) -> bool:
    return recommendation.type == "expression_index"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "Some time"
    if seconds < 90:
        return f"About {max(seconds, 1):.0f} s"
    return f"About {seconds / 60:.0f} min" if seconds < 5_400 else f"About {seconds / 3_600:.1f} h"


def _script(recommendation: Recommendation, steps: list[RunbookStep], undo: list[RunbookStep]) -> str:
    """All steps as one file for `psql -X -f`; the way back stands at its end as comments."""
    parts = [f"-- {_line(recommendation.title)}", "-- Run with: psql -X -v ON_ERROR_STOP=1 -f this-file \"service=…\"", ""]
    for number, step in enumerate(steps, 1):
        parts += [f"\\echo {literal(f'{number}. {_line(step.title)}')}", f"-- Locks: {_line(step.locks)}"]
        parts += [f"-- Takes: {_line(step.takes)}"]
        parts += [f"-- {_line(step.note)}"] if step.note else []
        parts += [step.sql, ""]
    if undo:
        parts.append("-- To go back:")
        parts += [f"--   {line}" for step in undo for line in (f"-- {step.title}", *step.sql.splitlines())]
    return "\n".join(parts) + "\n"


def _line(text: str) -> str:
    return " ".join(text.split())

"""Writes how to bring a recommendation to production without stopping it, and how to go back, as one psql script."""

from __future__ import annotations

import re

from assay.kernel.assayed import Verdict
from assay.sources.model import Table
from assay.workload.drops import rebuilt
from assay.workload.model import Recommendation, Runbook, RunbookStep
from assay.workload.recommend import build_seconds
from assay.workload.runbook_sql import (
    ATTEMPTS,
    Target,
    attach,
    build,
    drop,
    look,
    must,
    parent_index,
    part_indexes,
    table_scans,
    usage,
)  # fmt: skip
from assay.workload.simulate import created_name, dropped_name
from assay.workload.statements.writer import literal

_WAIT = "60s"
_SHORT_WAIT = "3s"
_SHARE = "Reads and writes go on"
_SHARE_NOTE = "It takes SHARE UPDATE EXCLUSIVE on the table: other DDL and VACUUM of it wait."
_OLDEST = "On top of that it waits for the oldest open transaction."
_NO_LOCK = "No lock"
_MOMENT = "a moment"
_SEE = "see the errors above, then run this again."


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
    target = Target(schema or "public", bare, name or gone or "")
    partitioned = table is not None and table.kind == "partitioned"
    if recommendation.rewrite is not None:
        steps, undo = _rewrite_steps(recommendation), []
    elif name is not None and partitioned:
        steps, undo = _partitioned_steps(recommendation, target, table), [_drop_parts_step(target)]
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


def _create_steps(recommendation: Recommendation, target: Target, table: Table | None) -> list[RunbookStep]:
    return [
        _look_step(target),
        RunbookStep(
            title="Build the index",
            sql=build(recommendation.ddl or "", target, _WAIT),
            brief=_brief(recommendation.ddl or ""),
            locks=_SHARE,
            takes=_building(recommendation, table),
            note=f"{_SHARE_NOTE} {_OLDEST} {ATTEMPTS} attempts. One that was cancelled leaves an invalid index, which "
            "costs writes and serves nothing; the next attempt drops it first.",
        ),
        *_last_steps(recommendation, target),
    ]


def _partitioned_steps(recommendation: Recommendation, target: Target, table: Table | None) -> list[RunbookStep]:
    """An index on the parent alone, one on each partition without blocking, then the partitions' are attached."""
    body = re.split(r"\sON\s", recommendation.ddl or "", maxsplit=1)[1]
    definition = body[body.index("(") :].rstrip(" ;")
    return [
        _look_step(target),
        RunbookStep(
            title="Make the parent's index, empty and not valid yet",
            sql=parent_index(definition, target, _SHORT_WAIT),
            locks="Writes wait for a moment",
            note="SHARE on the parent: it waits at most 3 s, then it tries again.",
            takes=_MOMENT,
        ),
        RunbookStep(
            title="Build the index on every partition",
            sql=part_indexes(definition, target, _WAIT),
            locks=_SHARE,
            takes=_building(recommendation, table),
            note=f"{_SHARE_NOTE} For each partition it waits for the oldest open transaction. "
            "Partitions made after the first step get the index by themselves.",
        ),
        RunbookStep(
            title="Attach them: with the last one the parent's index becomes valid",
            sql=attach(target, _SHORT_WAIT),
            locks="Readers wait for a moment",
            note="ACCESS EXCLUSIVE on each partition's index, SHARE UPDATE EXCLUSIVE on the parent's.",
            takes=_MOMENT,
        ),
        *_last_steps(recommendation, target),
    ]


def _last_steps(recommendation: Recommendation, target: Target) -> list[RunbookStep]:
    analyse = [_analyse_step(target)] if recommendation.type == "expression_index" else []
    return [_valid_step(target), *analyse, _watch_step(target)]


def _building(recommendation: Recommendation, table: Table | None) -> str:
    return _duration(recommendation.build_seconds or (build_seconds(table) if table else None))


def _drop_steps(recommendation: Recommendation, target: Target, table: Table | None) -> list[RunbookStep]:
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
            sql=usage(target),
            locks=_NO_LOCK,
            takes=_MOMENT,
            note="Each server counts its own scans: run this on the replicas too, and stop when one of them uses it.",
        ),
        _drop_step(target, "Drop the index"),
        RunbookStep(
            title="Check that it is gone",
            sql=must(f"NOT {target.there}", f"The index {target.name} is still there: {_SEE}"),
            locks=_NO_LOCK,
            takes=_MOMENT,
        ),
        RunbookStep(
            title="Watch what it does without",
            sql=table_scans(target),
            locks=_NO_LOCK,
            takes="a day at least",
            note="When sequential scans of the table rise, or statements get slower, build it again.",
        ),
    ]


def _rebuild_steps(recommendation: Recommendation, target: Target, table: Table | None) -> list[RunbookStep]:
    if not recommendation.undo:
        return []
    ddl = rebuilt(recommendation.undo.rstrip(" ;"))
    return [
        RunbookStep(
            title="Build it again",
            sql=build(ddl, target, _WAIT),
            brief=_brief(ddl),
            locks=_SHARE,
            takes=_duration(build_seconds(table) if table else None),
            note=f"{_SHARE_NOTE} {_OLDEST}",
        ),
        _valid_step(target),
    ]


def _drop_step(target: Target, title: str) -> RunbookStep:
    return RunbookStep(
        title=title,
        sql=drop(target, _WAIT),
        brief=_brief(f"DROP INDEX CONCURRENTLY IF EXISTS {target.index}"),
        locks=_SHARE,
        takes=_MOMENT,
        note=f"{_SHARE_NOTE} {_OLDEST}",
    )


def _drop_parts_step(target: Target) -> RunbookStep:
    return RunbookStep(
        title="Drop it again, with the index of every partition",
        sql=drop(target, _SHORT_WAIT, concurrently=False),
        locks="Reads and writes wait for a moment",
        takes=_MOMENT,
        note="ACCESS EXCLUSIVE on the table and its partitions; it waits 3 s at most, then it tries again.",
    )


def _look_step(target: Target) -> RunbookStep:
    return RunbookStep(
        title="See what would hold it up",
        sql=look(target),
        locks=_NO_LOCK,
        takes=_MOMENT,
        note="Transactions that stay open hold the build up until they end. Disk needs room for the index, and "
        "for as much again while it is sorted.",
    )


def _valid_step(target: Target) -> RunbookStep:
    return RunbookStep(
        title="Check that it is there and valid",
        sql=must(target.valid, f"The index {target.name} is not there, or not valid: {_SEE}"),
        brief=f"SELECT indisvalid FROM pg_index\n WHERE indexrelid = {literal(target.index)}::regclass;",  # noqa: S608 - quoted
        locks=_NO_LOCK,
        takes=_MOMENT,
    )  # fmt: skip


def _analyse_step(target: Target) -> RunbookStep:
    return RunbookStep(
        title="Gather statistics of the expression",
        sql=f"ANALYZE {target.relation};",
        locks=_SHARE,
        takes="seconds",
        note="Until then the planner guesses how many rows the expression finds, and may not use the index.",
    )


def _watch_step(target: Target) -> RunbookStep:
    return RunbookStep(
        title="Watch whether it is used",
        sql=usage(target),
        locks=_NO_LOCK,
        takes="an hour of usual work",
        note="Keep it when idx_scan grows and the statements got faster; else go back.",
    )


def _rewrite_steps(recommendation: Recommendation) -> list[RunbookStep]:
    text = recommendation.rewrite.text if recommendation.rewrite else ""
    return [
        RunbookStep(
            title="Change the statement in the application",
            sql="\n".join(f"-- {line}" for line in text.splitlines()),
            locks=_NO_LOCK,
            takes="a release",
            note="Compare the rows of both on a copy of your data first.",
        )
    ]


def _plain_steps(recommendation: Recommendation) -> list[RunbookStep]:
    return [
        RunbookStep(
            title=recommendation.title,
            sql=f"{(recommendation.ddl or '').rstrip(' ;')};",
            locks=_SHARE,
            takes=_duration(recommendation.build_seconds),
        )
    ]


def _plain_undo(recommendation: Recommendation) -> list[RunbookStep]:
    if not recommendation.undo:
        return []
    return [RunbookStep(title="Go back", sql=f"{recommendation.undo.rstrip(' ;')};", locks=_SHARE, takes=_MOMENT)]


# text ----------------------------------------------------------------------------------------------------------


def _brief(ddl: str) -> str:
    return f"SET lock_timeout = {literal(_WAIT)};\n{ddl.rstrip(' ;')};"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "some time"
    if seconds < 90:
        return f"about {max(seconds, 1):.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5_400 else f"about {seconds / 3_600:.1f} h"


def _script(recommendation: Recommendation, steps: list[RunbookStep], undo: list[RunbookStep]) -> str:
    """All steps as one file for `psql -X -f`; the way back stands at its end as comments."""
    parts = [
        f"-- {_line(recommendation.title)}",
        '-- Run with: psql -X -v ON_ERROR_STOP=1 -f this-file "service=…"',
        "",
    ]
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

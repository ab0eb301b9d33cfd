"""The door of workload."""

from __future__ import annotations

from datetime import timedelta

from assay.kernel.catalogue import Capability, Retention, Schedule
from assay.workload import _store
from assay.workload.events import INDEXES_ADVISED, WORKLOAD_SCANNED
from assay.workload.operations import reading, scheduling, working
from assay.workload.reactions import REACTIONS

WORKLOAD = Capability(
    name="workload",
    title="Workload",
    group="Database",
    package="assay.workload",
    operations=(
        working.scan,
        working.advise,
        working.simulate,
        working.measure,
        working.recheck,
        reading.bottlenecks,
        reading.query,
        reading.activity,
        reading.recommendations,
        reading.recommendation,
        reading.runbook,
        reading.list_scans,
        reading.list_simulations,
        reading.get_schedule,
        scheduling.schedule,
        scheduling.scan_due,
        scheduling.forget,
    ),
    tables=_store.OF_A_SOURCE,
    announces=(WORKLOAD_SCANNED, INDEXES_ADVISED),
    reactions=REACTIONS,
    retention=(
        Retention(_store.points, "at", "keep_history_days"),
        Retention(_store.scans, "at", "keep_history_days"),
        Retention(_store.simulations, "at", "keep_simulations_days"),
    ),
    schedules=(Schedule("workload.scan_due", timedelta(minutes=1)),),
    replays=("workload.recheck",),
)

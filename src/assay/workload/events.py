"""Facts that workload announces."""

from __future__ import annotations

WORKLOAD_SCANNED = "workload.WorkloadScanned"
INDEXES_ADVISED = "workload.IndexesAdvised"

"""From which sizes and factors on something counts as a problem; every number that a rule compares with is here."""

from __future__ import annotations

MIN_ROWS = 1_000
"""A smaller table is read as a whole faster than through any index."""
MIN_CALLS = 5
"""A statement that ran more rarely may have been somebody's experiment: confidence is lower."""
MIN_MEAN_MS = 0.1
"""A faster statement has nothing to gain."""
CORRELATED_MEAN_MS = 0.2
"""From so many ms a call on a sub-select per row is worth a word."""
LEAST_SAVING = 0.30
"""Share of the planner's cost that an index must save to be a finding."""
FURTHER_SAVING = 0.10
"""Share of today's cost that each further index of the same statement must save."""
KEEPS_AT_MOST = 0.30
"""Without what-if planning, a filter that keeps more of the table than this is no reason for an index."""
SKEW = 4.0
"""Estimated rows off by more than this factor; the literature's range is 3 to 5."""
SKEW_ROWS = 10.0
"""Rows that estimate or truth must at least be: 1 against 5 is no problem."""
CRITICAL_SHARE = 0.10
"""Of the total time of the workload, or…"""
CRITICAL_MS = 50.0
"""…a mean time from which on a finding is critical."""
SPILL_BYTES = 1_000_000
"""Temporary files a call from which on a spill is a finding."""
DRAFTS_A_TABLE = 7
"""Indexes that a rule tries for one table of one statement; the advice tries many more."""
ROUNDS = 3
"""Indexes that a rule finds for one statement at most."""
TOUCHED_SHARE = 0.2
"""A call that touches a smaller share of a table's pages does not read the whole table, whatever the plan says."""

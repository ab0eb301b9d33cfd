"""Rules that say what a statement suffers from, over its real plan and its real syntax tree, one module a rule."""

from __future__ import annotations

from collections.abc import Callable

from assay.workload.rules.cardinality_skew import cardinality_skew
from assay.workload.rules.composite_index import composite_index
from assay.workload.rules.correlated_subquery import correlated_subquery
from assay.workload.rules.draft import Draft, StatementUnderScan
from assay.workload.rules.join_index import join_index
from assay.workload.rules.json_containment import json_containment
from assay.workload.rules.leading_wildcard import leading_wildcard
from assay.workload.rules.missing_index import missing_index
from assay.workload.rules.sort_spill import sort_spill
from assay.workload.rules.unindexed_expression import unindexed_expression

Rule = Callable[[StatementUnderScan], tuple[Draft, ...]]

RULES: tuple[Rule, ...] = (
    missing_index, composite_index, join_index, unindexed_expression, correlated_subquery, cardinality_skew,
    leading_wildcard, json_containment, sort_spill,
)  # fmt: skip
"""Every rule about statements; those about indexes that exist (redundant, unused) look at the schema instead."""

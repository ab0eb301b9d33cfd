"""One statement: parsed, fingerprinted, repaired for planning, bound to the schema, and laid out for reading."""

from __future__ import annotations

from assay.workload.statements.bind import facts
from assay.workload.statements.layout import fold, layout
from assay.workload.statements.parse import Parsed, fingerprint, parse, tokens
from assay.workload.statements.repair import repair, unplannable
from assay.workload.statements.title import title
from assay.workload.statements.writer import canonical, qualified, quoted

__all__ = [
    "Parsed", "canonical", "facts", "fingerprint", "fold", "layout", "parse", "qualified", "quoted", "repair", "title",
    "tokens", "unplannable",
]  # fmt: skip

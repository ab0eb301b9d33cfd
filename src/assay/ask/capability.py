"""The door of ask."""

from __future__ import annotations

from assay.ask import operations
from assay.ask._store import answers
from assay.kernel.catalogue import Capability, Retention

ASK = Capability(
    name="ask",
    title="Ask",
    group="Answer",
    package="assay.ask",
    operations=(
        operations.generate,
        operations.draft,
        operations.validate,
        operations.run_sql,
        operations.explain,
        operations.judge,
        operations.recheck,
        operations.capabilities,
        operations.status,
    ),
    tables=(answers,),
    retention=(Retention(answers, "asked_at", "keep_history_days"),),
    policies=(operations.PER_CALLER, operations.TOGETHER, *operations.DRAFTS),
    replays=(operations.RECHECK,),
)

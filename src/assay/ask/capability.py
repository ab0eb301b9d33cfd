"""The door of ask."""

from __future__ import annotations

from assay.ask import operations
from assay.kernel.catalogue import Capability

ASK = Capability(
    name="ask",
    title="Ask",
    group="Answer",
    package="assay.ask",
    operations=(
        operations.generate,
        operations.validate,
        operations.run_sql,
        operations.recheck,
        operations.capabilities,
        operations.status,
    ),
    policies=(operations.PER_CALLER, operations.TOGETHER),
    replays=(operations.RECHECK,),
)

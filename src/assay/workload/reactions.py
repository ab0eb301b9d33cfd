"""What workload does when a database is forgotten."""

from __future__ import annotations

from assay.kernel.context import Context
from assay.ports.events import Envelope
from assay.sources.events import SOURCE_REMOVED


async def forget_history(told: Envelope, ctx: Context) -> None:
    """Forget what was recorded of a database that is no longer connected."""
    await ctx.call("workload.forget", {"source": str(told.body["source"])})


REACTIONS = {SOURCE_REMOVED: (forget_history,)}

"""What sources does when a database was edited or removed."""

from __future__ import annotations

from assay.kernel.context import Context
from assay.ports.events import Envelope
from assay.sources.cache import SchemaCache


async def forget_schema(told: Envelope, ctx: Context) -> None:
    """Read the schema again next time: it may be another database now."""
    ctx.port(SchemaCache).forget(str(told.body["source"]))

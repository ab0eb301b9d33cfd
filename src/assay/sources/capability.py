"""The door of sources."""

from __future__ import annotations

from datetime import timedelta

from assay.kernel.catalogue import Capability, Schedule
from assay.sources import operations
from assay.sources._store import sources
from assay.sources.events import SOURCE_CONNECTED, SOURCE_EDITED, SOURCE_REMOVED
from assay.sources.reactions import forget_schema

SOURCES = Capability(
    name="sources",
    title="Sources",
    group="Ground",
    package="assay.sources",
    operations=(
        operations.list_sources,
        operations.get,
        operations.connect,
        operations.edit,
        operations.remove,
        operations.check,
        operations.check_all,
        operations.schema,
        operations.init,
    ),
    tables=(sources,),
    announces=(SOURCE_CONNECTED, SOURCE_EDITED, SOURCE_REMOVED),
    reactions={SOURCE_EDITED: (forget_schema,), SOURCE_REMOVED: (forget_schema,)},
    schedules=(Schedule("sources.check_all", timedelta(minutes=1)),),
)

"""What all rooms' tables share."""

from assay.ports.tables import Json, UtcDateTime, metadata

__all__ = ["Json", "UtcDateTime", "metadata"]

"""The settings, for faces."""

from assay.runtime.settings import Settings, read_settings

__all__ = ["Settings", "read_settings"]

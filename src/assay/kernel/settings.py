"""The settings, for faces."""

from assay.runtime.settings import Settings

__all__ = ["Settings"]

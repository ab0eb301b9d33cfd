"""Logs and metrics, for faces that see the kernel only."""

from assay.runtime.telemetry import log, registry

__all__ = ["log", "registry"]

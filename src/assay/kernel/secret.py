"""A value that never shows itself, for faces that see the kernel only."""

from assay.ports.secret import Secret

__all__ = ["Secret"]

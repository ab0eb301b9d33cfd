"""The errors that leave by every face, for faces and rooms that see the kernel only."""

from assay.ports.errors import (
    AssayError,
    Cancelled,
    Conflict,
    Forbidden,
    Internal,
    Invalid,
    Limited,
    NotFound,
    PreconditionRequired,
    Refused,
    TimedOut,
    TooLarge,
    Unauthenticated,
    Unavailable,
    rebuild,
)

__all__ = [
    "AssayError",
    "Cancelled",
    "Conflict",
    "Forbidden",
    "Internal",
    "Invalid",
    "Limited",
    "NotFound",
    "PreconditionRequired",
    "Refused",
    "TimedOut",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "rebuild",
]

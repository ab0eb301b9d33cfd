"""Errors that only HTTP knows."""

from __future__ import annotations

from assay.kernel.errors import AssayError


class MethodNotAllowed(AssayError):
    """The path is there, the method is not; `allow` names those that are."""

    code, status, exit_code = "METHOD_NOT_ALLOWED", 405, 2


class UnsupportedType(AssayError):
    """The body is of a type that this operation does not read."""

    code, status, exit_code = "UNSUPPORTED_MEDIA_TYPE", 415, 2


class Misdirected(AssayError):
    """The Host header names somebody else: a page that rebinds a name to this address."""

    code, status, exit_code = "MISDIRECTED", 421, 3


class TooSlow(AssayError):
    """The body did not arrive in time."""

    code, status, exit_code = "BODY_TIMEOUT", 408, 7

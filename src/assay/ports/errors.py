"""The errors that cross every port and leave by every face, in one shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, cast


class AssayError(Exception):
    """Something a caller can understand: a code for programs, a sentence for people, and what would be right.

    Args:
        message: what failed, on which object, why.
        details: more for programs; `field` names the input that is wrong, `cure` the command or value that helps.
    """

    code: ClassVar[str] = "INTERNAL"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, object] = details
        self.trace_id: str | None = None
        """Under which the log has it; `call` sets it on the way out."""

    @property
    def suggestions(self) -> list[str]:
        """What may help, in words: the cure, or what else may have been meant."""
        cure, meant = self.details.get("cure"), self.details.get("did_you_mean")
        readings = cast("list[Mapping[str, object]]", meant if isinstance(meant, list) else [])
        return [said for said in (cure, *(one.get("says") for one in readings)) if isinstance(said, str)]


class Invalid(AssayError):
    """The input is wrong; `field` says where."""

    code, status, exit_code = "INVALID", 422, 2


class Unauthenticated(AssayError):
    """No credential, or one that is not known."""

    code, status, exit_code = "UNAUTHENTICATED", 401, 3


class Forbidden(AssayError):
    """Known, but not allowed; `needs` names the permission or scope."""

    code, status, exit_code = "FORBIDDEN", 403, 3


class NotFound(AssayError):
    """There is no such thing, or none that this caller may see."""

    code, status, exit_code = "NOT_FOUND", 404, 4


class Conflict(AssayError):
    """The thing has changed, or exists already; `version` is the current one."""

    code, status, exit_code = "CONFLICT", 409, 5


class PreconditionRequired(AssayError):
    """A change must say which version it changes."""

    code, status, exit_code = "VERSION_REQUIRED", 428, 2


class TooLarge(AssayError):
    """The input is over its size limit."""

    code, status, exit_code = "TOO_LARGE", 413, 2


class Limited(AssayError):
    """Too many calls; `retry_after` seconds from now it works again."""

    code, status, exit_code = "RATE_LIMITED", 429, 6

    def __init__(self, message: str, *, retry_after: float, **details: object) -> None:
        super().__init__(message, retry_after=round(retry_after, 3), **details)

    @property
    def retry_after(self) -> float:
        """Seconds to wait."""
        return float(str(self.details.get("retry_after", 1)))


class Cancelled(AssayError):
    """Somebody stopped it."""

    code, status, exit_code = "CANCELLED", 499, 130


class Unavailable(AssayError):
    """Something we stand on does not answer; `cure` says what brings it back."""

    code, status, exit_code = "UNAVAILABLE", 503, 7


class TimedOut(AssayError):
    """The deadline passed before the answer came."""

    code, status, exit_code = "DEADLINE_EXCEEDED", 504, 7


class Refused(AssayError):
    """The server refused a statement; `sqlstate` is its reason."""

    code, status, exit_code = "REFUSED", 422, 8


class UnsupportedDatabase(AssayError):
    """This database's engine cannot do what was asked, or does not speak the dialect that was named."""

    code, status, exit_code = "UNSUPPORTED_DATABASE", 422, 2


class ConfidenceTooLow(AssayError):
    """The best reading of a question is not sure enough; the SQL stands under `details` only."""

    code, status, exit_code = "CONFIDENCE_TOO_LOW", 422, 8


class SqlExecutionDisabled(AssayError):
    """SQL may not be run on this database, with this account or through this plugin."""

    code, status, exit_code = "SQL_EXECUTION_DISABLED", 403, 3


class Internal(AssayError):
    """A fault of ours; the trace id finds it in the log."""


def rebuild(code: str, message: str, details: Mapping[str, object]) -> AssayError:
    """Make the error that had this code, message and details again; an unknown code is Internal."""
    kinds = {kind.code: kind for kind in AssayError.__subclasses__()}
    error = kinds.get(code, Internal).__new__(kinds.get(code, Internal))
    AssayError.__init__(error, message, **details)
    return error

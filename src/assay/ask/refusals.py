"""Why a question or a text is not answered, in the codes that the contract names."""

from __future__ import annotations

from assay.ports.errors import AssayError


class ConfidenceTooLow(AssayError):
    """The best reading of the question is not sure enough; the SQL stands under `details` only."""

    code, status, exit_code = "CONFIDENCE_TOO_LOW", 422, 8


class SqlExecutionDisabled(AssayError):
    """SQL may not be run on this database with this account."""

    code, status, exit_code = "SQL_EXECUTION_DISABLED", 403, 3


class SqlRejected(AssayError):
    """The text did not pass the checks; `issues` says why."""

    code, status, exit_code = "SQL_REJECTED", 422, 8

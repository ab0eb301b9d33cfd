"""Why a question or a text is not answered, in the codes that the contract names."""

from __future__ import annotations

from assay.ports.errors import AssayError


class SqlRejected(AssayError):
    """The text did not pass the checks; `issues` says why."""

    code, status, exit_code = "SQL_REJECTED", 422, 8

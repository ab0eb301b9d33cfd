"""Turns what SQLite says into our errors."""

from __future__ import annotations

import sqlite3

from assay.ports.errors import AssayError, Refused, TimedOut, Unavailable

_WHOLE = (
    ("file is not a database", "is no SQLite database, or an encrypted one", "Name a database file."),
    ("unable to open", "cannot be opened", "Check that the file is there and may be read, its folder too where it is"
     " in WAL mode."),
    ("readonly", "needs recovery, which a reader may not do", "Open it once with the program that owns it."),
    ("malformed", "is damaged", "Run PRAGMA integrity_check on it."),
    ("disk I/O error", "cannot be read", "Check the disk that it lies on."),
)  # fmt: skip


def of_statement(failure: Exception, where: str) -> AssayError:
    """Translate an error that sqlite3 raised while a statement was compiled or ran."""
    text = f"{failure}".rstrip(".") or "no reason"
    if "interrupted" in text:
        return TimedOut("The statement took too long, and was stopped.")
    if "locked" in text or "busy" in text:
        cure = "Try again when the program that writes to it has ended its transaction."
        return TimedOut(f"{where} is locked by another program. {cure}", cure=cure)
    for sign, what, cure in _WHOLE if isinstance(failure, sqlite3.DatabaseError) else ():
        if sign in text:
            return Unavailable(f"{where} {what}. {cure}", cure=cure)
    if "prohibited" in text or "not authorized" in text:
        return Refused(f"SQLite refused the statement, which does more than read tables: {text}.")
    return Refused(f"SQLite refused the statement: {text}.")

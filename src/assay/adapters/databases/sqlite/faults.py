"""Turns what SQLite says into our errors."""

from __future__ import annotations

import sqlite3

from assay.ports.errors import AssayError, Refused, TimedOut, Unavailable

_FILE = {
    sqlite3.SQLITE_NOTADB: ("is no SQLite database, or an encrypted one", "Name a database file."),
    sqlite3.SQLITE_CANTOPEN: (
        "cannot be opened", "Check that it may be read, and its folder written where it is in WAL mode.",
    ),
    sqlite3.SQLITE_READONLY: ("needs recovery, which a reader may not do", "Open it once with the program it is of."),
    sqlite3.SQLITE_CORRUPT: ("is damaged", "Run PRAGMA integrity_check on it."),
    sqlite3.SQLITE_IOERR: ("cannot be read", "Check the disk that it lies on."),
}  # fmt: skip


def of_statement(failure: Exception, where: str) -> AssayError:
    """Translate an error that sqlite3 raised while a statement was compiled or ran; by its code, not by its words."""
    text = f"{failure}".rstrip(".") or "no reason"
    code: object = getattr(failure, "sqlite_errorcode", None)
    code = code & 0xFF if isinstance(code, int) else None
    if code == sqlite3.SQLITE_INTERRUPT:
        return TimedOut("The statement took too long, and was stopped.")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        cure = "Try again when the program that writes to it has ended its transaction."
        return TimedOut(f"{where} is locked by another program. {cure}", cure=cure)
    if isinstance(code, int) and code in _FILE:
        what, cure = _FILE[code]
        return Unavailable(f"{where} {what}. {cure}", cure=cure)
    if code == sqlite3.SQLITE_AUTH or "prohibited" in text:
        return Refused(f"SQLite refused the statement, which does more than read tables: {text}.")
    return Refused(f"SQLite refused the statement: {text}.")

"""What an error of the sqlite3 driver means to whoever asked, and what would help."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from assay.ports.errors import AssayError, Conflict, Internal, Unavailable

_LOCKED = ("another program keeps it locked", "End the program that holds it, for example an open sqlite3 shell.")

_CURES = {
    "SQLITE_FULL": ("the disk is full", "Free some space on that disk; nothing was half written."),
    "SQLITE_READONLY": ("it is read-only", "Make the file and its folder writable for the user that runs Assay."),
    "SQLITE_CANTOPEN": ("it cannot be opened", "Make its folder, writable for the user that runs Assay."),
    "SQLITE_PERM": ("access is denied", "Make the file readable and writable for the user that runs Assay."),
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_IOERR": (
        "the disk fails",
        "Look for that disk in the system's log; restore a backup if the file is damaged.",
    ),
    "SQLITE_CORRUPT": ("the file is damaged", "Restore a backup of it; the newest that Assay made lies beside it."),
    "SQLITE_NOTADB": ("the file is no SQLite database", "Move it away, or point ASSAY_HOME to another folder."),
    "SQLITE_NOMEM": ("there is not enough memory", "Give the program more memory."),
    "SQLITE_INTERRUPT": ("the statement was interrupted", "Try again."),
}


def explain(error: sqlite3.Error, path: Path) -> AssayError:
    """Return the error that callers understand.

    Conflict: a key exists already, or a row that is referred to is missing. Unavailable: the database cannot be
    reached, written or read; `cure` says what helps. Internal: a statement of ours is wrong.
    """
    name = getattr(error, "sqlite_errorname", None) or ""
    text = str(error)
    if isinstance(error, sqlite3.IntegrityError):
        return _violated(name, text)
    for prefix, (why, cure) in _CURES.items():
        if name.startswith(prefix):
            return Unavailable(f"Our database {path} does not answer: {why}.", cure=cure, reason=name)
    if "no such table" in text or "no such column" in text:
        return Unavailable(
            f"Our database {path} has not been brought up to date: {text}.", cure="Run `assay migrate`.", reason=name
        )
    if isinstance(error, sqlite3.ProgrammingError) and "closed" in text:
        return Unavailable("Our database is closed: the program is stopping.", cure="Start it again.")
    return Internal(f"Our database refused a statement: {text}.", reason=name)


def _violated(name: str, text: str) -> AssayError:
    where = text.partition(": ")[2] or text
    if name in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_ROWID"):
        return Conflict(f"There is one with this {where} already.", columns=where)
    if name == "SQLITE_CONSTRAINT_FOREIGNKEY":
        return Conflict("Something refers to what is not there, or is still referred to.", columns=where)
    return Internal(f"A row does not fit its table: {text}.", reason=name)

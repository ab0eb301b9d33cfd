"""Finds the SQLite file that a DSN means, and lends readers of it."""

from __future__ import annotations

import stat
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

from assay.adapters.databases.sqlite.reader import SqliteReader
from assay.ports.databases import Limits, Reader, Whereabouts
from assay.ports.errors import Invalid, Unavailable
from assay.ports.secret import Secret

EXAMPLE = "sqlite:///absolute/path/to/file.db"
_DEFAULT = Limits()


class SqliteDatabases:
    """Lends readers of files; thread-safe, since nothing is kept between visits.

    Args:
        off_limits: folders whose files nobody may connect, since they are the program's own.
        catalogue: whether statements that are not ours may read which tables, columns, keys and indexes there are.
    """

    def __init__(self, off_limits: Sequence[Path] = (), *, catalogue: bool = False) -> None:
        self._catalogue = catalogue
        self._off_limits = tuple(folder.resolve() for folder in off_limits)

    def whereabouts(self, dsn: Secret) -> Whereabouts:
        """The file's path; raises Invalid when the DSN is none of an absolute path."""
        return Whereabouts(where=str(_path(dsn)), account="", engine="sqlite")

    @contextmanager
    def reader(self, dsn: Secret, limits: Limits = _DEFAULT) -> Generator[Reader]:
        """Open the file, and close it at the end.

        Raises Invalid (no absolute path, no regular file, the program's own) or Unavailable (missing, unreadable,
        not a database).
        """
        reader = SqliteReader(self._checked(_path(dsn)), limits, catalogue=self._catalogue)
        try:
            yield reader
        finally:
            reader.end()

    def _checked(self, path: Path) -> Path:
        try:
            real = path.resolve(strict=True)
            kind = real.stat().st_mode
        except (OSError, RuntimeError) as failure:
            missing = isinstance(failure, FileNotFoundError)
            cure = "Check the path, as the machine sees it on which Assay runs, and its permissions."
            raise Unavailable(
                f"{path} {'does not exist' if missing else 'cannot be read'}. {cure}", cure=cure
            ) from None
        if not stat.S_ISREG(kind):
            raise Invalid(f"{path} is no regular file; name the database's own file.", field="dsn")
        if any(real.is_relative_to(folder) for folder in self._off_limits):
            raise Invalid(f"{path} belongs to Assay itself and cannot be connected.", field="dsn")
        return real


def _path(dsn: Secret) -> Path:
    text = dsn.reveal().strip()
    name = unquote(text.removeprefix("sqlite://"))
    if not text.startswith("sqlite://") or "\0" in name or "?" in text:
        raise Invalid(f"The DSN cannot be read; it looks like {EXAMPLE}, without options.", field="dsn")
    if not name.startswith("/") or name.strip("/") == "":
        raise Invalid(f"A SQLite file is named by its absolute path, as in {EXAMPLE}.", field="dsn")
    return Path("/" + name.lstrip("/"))

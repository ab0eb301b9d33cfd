"""Reads a file of stores with care for who else could have written it, and replaces it at once."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from assay.plugins.stores.model import Problem, Severity
from assay.plugins.stores.tree import MOST_BYTES, Broken, decode
from assay.ports.errors import Conflict, Forbidden, Invalid

Stamp = tuple[int, int, int, int, int]
"""Device, inode, size, and when the content and the rights last changed, in ns: another file, another stamp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a file holds, and what is to be said of the file itself."""

    text: str | None
    """None: there is no file, or `problems` say why it was not read."""
    problems: tuple[Problem, ...] = ()


def load(path: Path) -> Found:
    """Return the text of a file, through symlinks, if it is ours or root's; rights of others are a warning."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return Found(text=None)
    except OSError as error:
        return _unread(f"cannot be read ({error.strerror})", "check its rights and those of its folders")
    with os.fdopen(handle, "rb", buffering=0) as file:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            return _unread("is no plain file", "name a file")
        if about.st_uid not in (os.geteuid(), 0):
            return _unread("belongs to another user, who could choose what gets our passwords", "chown it")
        try:
            return Found(text=decode(file.read(MOST_BYTES + 1)), problems=_rights(about.st_mode))
        except Broken as error:
            return Found(text=None, problems=(error.problem,))


def stamp(path: Path) -> Stamp | None:
    """Return what tells one state of a file from another; None: there is none that can be seen."""
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns


def change(path: Path, edit: Callable[[str], str]) -> None:
    """Replace a file by what `edit` makes of its text, at once, 0600; without a file the text is empty.

    Our own changes wait for each other. A symlink stays, what it points to is replaced; root keeps the file's owner.

    Raises:
        Invalid: the file is one that we do not read, or `edit` raises it.
        Forbidden: the file, or its folder, may not be written.
        Conflict: somebody else changed the file meanwhile.
    """
    real = Path(os.path.realpath(path))
    try:
        real.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(real.parent):
            before, found = stamp(real), load(real)
            if found.text is None and found.problems:
                raise Invalid(f"{path} cannot be changed: {found.problems[0]}.", cure=found.problems[0].cure)
            text = edit(found.text or "")
            if text != found.text:
                _replace(real, text, before)
    except PermissionError as error:
        raise Forbidden(f"{path} cannot be written: {error.strerror}.", cure="check the rights of its folder") from None


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
        os.fsync(handle)
    finally:
        os.close(handle)


def _replace(path: Path, text: str, before: Stamp | None) -> None:
    new = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            if before is not None and os.geteuid() == 0:
                os.fchown(file.fileno(), path.stat().st_uid, path.stat().st_gid)
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        if stamp(path) != before:
            raise Conflict(f"{path} was changed by somebody else meanwhile.", cure="try again")
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _rights(mode: int) -> tuple[Problem, ...]:
    if mode & 0o022:
        return (_about("may be written by others", "chmod 600", "warning"),)
    if mode & 0o044:
        return (_about("may be read by others, its passwords too", "chmod 600", "warning"),)
    return ()


def _unread(says: str, cure: str) -> Found:
    return Found(text=None, problems=(_about(says, cure, "error"),))


def _about(says: str, cure: str, severity: Severity) -> Problem:
    return Problem(path="", line=0, column=0, says=says, cure=cure, severity=severity)

"""Finds a plugin's program: in the folder of plugins, then on PATH, and only where nobody else could have put it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

PREFIX = "atest-"
"""What programs on PATH are called: a store may name any plugin, but not any program of this machine."""
_MOST = 200
"""Programs of the folder that are listed."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a program is, or why it is not used."""

    program: Path | None
    says: str = ""
    """Why there is none."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where programs of plugins are."""

    folder: Path
    """Looked at first; a program here may have any name."""
    path: str = ""
    """As in PATH."""

    def find(self, name: str) -> Found:
        """Return a plugin's program by its name; the first that there is counts, even when it may not be used."""
        places = [self.folder]
        if name.startswith(PREFIX):
            places += [Path(one) for one in self.path.split(os.pathsep) if one and Path(one).is_absolute()]
        for place in places:
            program = place / name
            if program.is_file():
                wrong = _wrong(program)
                return Found(None, f"{program} {wrong}") if wrong else Found(program)
        where = f"in {self.folder}" + (" or on PATH" if name.startswith(PREFIX) else "")
        return Found(None, f"there is no program {name} {where}")

    def listed(self) -> list[str]:
        """Return the names of the programs in the folder that may be used, sorted."""
        try:
            names = sorted(one.name for one in self.folder.iterdir())
        except OSError:
            return []
        return [name for name in names[:_MOST] if self.find(name).program is not None]


def _wrong(program: Path) -> str | None:
    """Say why a program may not be started: whoever can write it, or its folder, would run as we do."""
    real = program.resolve()
    for path in (real, real.parent, program.parent):
        about = path.stat()
        what = "is" if path == real else f"lies in {path}, which is"
        if about.st_uid not in (os.geteuid(), 0):
            return f"{what} another user's; chown it to this one"
        if about.st_mode & 0o022 and not (path != real and about.st_mode & stat.S_ISVTX):
            return f"{what} writable by others; chmod go-w"
    return None if os.access(real, os.X_OK) else "is not executable; chmod +x"

"""Reads a file again whenever it has changed, and keeps the last good stores while it is broken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from pathlib import Path

from assay.plugins.stores.files import Stamp, load, stamp
from assay.plugins.stores.model import Problem, Reading
from assay.plugins.stores.read import read

_GONE = Problem(path="", line=0, column=0, says="is gone", cure="bring it back")


class Watch:
    """One file of stores and what it last said."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        self.path, self.environment = path, environment
        self._stamp: Stamp | None = None
        self._seen: Stamp | None = None
        self.reading = Reading()
        """The newest; nothing before `again`."""

    def again(self) -> Reading:
        """Read the file now. Blocks for as long as that takes.

        A store that has an error now is as it was when it had none. So are all of them where the file is gone, cannot
        be read, or has lost its list, as it is for a moment while some editors save. At the start there may be no file.
        """
        self._stamp = stamp(self.path)
        found, before = load(self.path), self.reading
        new = Reading() if found.text is None else read(found.text, self.environment)
        problems = (*found.problems, *new.problems)
        if found.text is None and found.problems:
            new = replace(new, whole=False)
        elif new.whole and (missing := sorted(before.lists - new.lists)):
            new = replace(new, whole=False)
            problems = (*problems, _GONE if found.text is None else _no_list(missing[0]))
        if new.whole:
            kept = [one for one in before.entries if one.used.name in new.bad]
            self.reading = replace(new, entries=(*new.entries, *kept), problems=problems)
        else:
            self.reading = replace(before, problems=problems, whole=False)
        return self.reading

    def look(self) -> Reading | None:
        """Read the file if it changed since it was read, but not since the last look: nobody is writing it now."""
        before, self._seen = self._seen, stamp(self.path)
        return self.again() if before == self._seen != self._stamp else None

    async def changes(self, every_s: float = 1.0) -> AsyncGenerator[Reading]:
        """Yield a new reading after each change of the file, looking every `every_s` seconds."""
        while True:
            await asyncio.sleep(every_s)
            if (reading := await asyncio.to_thread(self.look)) is not None:
                yield reading


def _no_list(name: str) -> Problem:
    return replace(_GONE, says=f"has no list of {name}", cure=f"write `{name}: []` if there are none")

"""Reads a file again whenever it has changed, and keeps the last good stores while it is broken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from pathlib import Path

from assay.plugins.stores.files import Stamp, load, stamp
from assay.plugins.stores.model import Problem, Reading
from assay.plugins.stores.read import read

_EMPTY = Problem(path="", line=0, column=0, says="is empty", cure="write `stores: []` if there are none")
_GONE = Problem(path="", line=0, column=0, says="is gone", cure="bring it back, with `stores: []` if there are none")


class Watch:
    """One file of stores and what it last said."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        self.path, self.environment = path, environment
        self._stamp: Stamp | None = None
        self.reading = Reading()
        """The newest; nothing before `again`."""

    def again(self) -> Reading:
        """Read the file now. Blocks for as long as that takes.

        A store that has an error now is as it was when it had none; so are all, where nothing could be read, or the
        file is empty or gone, as it is for a moment while some editors save. At the start there may be no file.
        """
        self._stamp = stamp(self.path)
        found = load(self.path)
        reading = read(found.text or "", self.environment)
        problems = (*found.problems, *reading.problems)
        if not (found.text or "").strip():
            if self.reading.entries and not found.problems:
                problems = (_GONE if found.text is None else _EMPTY,)
            reading = replace(reading, whole=not self.reading.entries and not problems)
        if reading.whole:
            kept = [one for one in self.reading.entries if one.used.name in reading.bad]
            self.reading = replace(reading, entries=(*reading.entries, *kept), problems=problems)
        else:
            self.reading = replace(self.reading, problems=problems, whole=False)
        return self.reading

    async def changes(self, every_s: float = 1.0) -> AsyncGenerator[Reading]:
        """Yield a new reading after each change of the file, once it has stayed the same for `every_s` seconds."""
        before = self._stamp
        while True:
            await asyncio.sleep(every_s)
            now = await asyncio.to_thread(stamp, self.path)
            if now != self._stamp and now == before:
                yield await asyncio.to_thread(self.again)
            before = now

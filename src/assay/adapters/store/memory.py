"""Our own database for a test or a trial: the same adapter on a private file that is gone when it is closed."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from assay.adapters.store.sqlite import SqliteStore


class MemoryStore(SqliteStore):
    """A SQLite file in a temporary folder, never synced to the disk.

    Not `:memory:`: a shared in-memory database locks whole tables between its connections and has no WAL, so it
    could not keep the port's promise that readers do not wait for the writer.
    """

    def __init__(self, *, readers: int = 2) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="assay-store-"))
        super().__init__(self._folder / "assay.db", readers=readers, durable=False)

    async def close(self) -> None:
        """Stop, and delete the folder."""
        await super().close()
        shutil.rmtree(self._folder, ignore_errors=True)

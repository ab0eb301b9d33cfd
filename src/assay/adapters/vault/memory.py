"""A vault for a test or a trial: a key and notes that live as long as the program."""

from __future__ import annotations

import secrets
from pathlib import Path

from assay.adapters.vault.sealing import SealingVault


class MemoryVault(SealingVault):
    """The same sealing under a random key; notes are kept in a dictionary.

    Args:
        master: 32 bytes, random when not given.
    """

    def __init__(self, master: bytes | None = None) -> None:
        super().__init__(master or secrets.token_bytes(32), Path())
        self._kept: dict[str, bytes] = {}

    def anchor_read(self, name: str) -> bytes | None:
        """Return a note, or None when there is none."""
        return self._kept.get(self._note(name).name)

    def anchor_write(self, name: str, note: bytes) -> None:
        """Replace a note."""
        self._kept[self._note(name).name] = bytes(note)

"""Where secrets are sealed, under a key that is not in the database."""

from __future__ import annotations

from typing import Protocol


class Vault(Protocol):
    """Seals bytes so that only this installation can open them, and derives keys for other uses."""

    def seal(self, plain: bytes, *, about: str) -> bytes:
        """Return the bytes sealed (AES-256-GCM), bound to `about`: under another name they do not open."""
        ...

    def open(self, sealed: bytes, *, about: str) -> bytes:
        """Return what was sealed; raises Invalid when it was changed, or sealed under another key or name."""
        ...

    def key(self, purpose: str) -> bytes:
        """Derive 32 bytes for one purpose (HKDF-SHA256)."""
        ...

    def anchor_read(self, name: str) -> bytes | None:
        """Return a small note kept beside the key, outside of the database."""
        ...

    def anchor_write(self, name: str, note: bytes) -> None:
        """Replace that note, atomically."""
        ...

"""Writes a file that only this user may read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import quote


def write_private(folder: Path, name: str, text: str) -> Path:
    """Write `text` to a file (0600) in a folder (0700), replacing it at once; return its path."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / quote(name, safe=" ")
    new = folder / f".{secrets.token_hex(6)}"
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)
    return new.replace(file)

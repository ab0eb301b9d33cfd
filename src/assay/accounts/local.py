"""The local administrator: whoever may read the token file in the home folder."""

from __future__ import annotations

import asyncio
import fcntl
import os
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, insert, select

from assay.accounts._store import tokens
from assay.accounts.tokens import digest, fresh
from assay.kernel.values import now
from assay.ports.errors import Unavailable
from assay.ports.secret import Secret
from assay.ports.store import Change, Store

CALLER = "user:local"


async def local_token(store: Store, file: Path) -> Secret:
    """Return the token in `file`, making a new one (mode 0600) when there is none that works.

    Raises Unavailable when the file may be read by others.
    """
    with file.with_suffix(".lock").open("w") as alone:
        await asyncio.to_thread(fcntl.flock, alone, fcntl.LOCK_EX)  # another process may be making one just now
        token = _read(file)
        known = select(tokens.c.id).where(tokens.c.digest == digest(token), tokens.c.expires_at > now())
        if token and await store.rows(known):
            return Secret(token)
        token, row = fresh(
            "token", caller_id=CALLER, name="local", roles=("admin",), scopes=("*:*",), lasts=timedelta(days=3650)
        )
        old = delete(tokens).where(tokens.c.caller_id == CALLER, tokens.c.kind == "token")
        await store.commit([Change(old), Change(insert(tokens).values(**row))])
        _write(file, token)
        return Secret(token)


def _read(file: Path) -> str:
    if not file.exists():
        return ""
    if file.stat().st_mode & 0o077:
        raise Unavailable(f"{file} may be read by others.", cure=f"chmod 600 {file}")
    return file.read_text().strip()


def _write(file: Path, token: str) -> None:
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(token + "\n")
    new.replace(file)

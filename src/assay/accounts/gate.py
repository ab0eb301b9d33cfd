"""The gate: knows callers by their tokens, and remembers them for a few seconds."""

from __future__ import annotations

import time
from collections import OrderedDict
from datetime import timedelta

from sqlalchemy import select, update

from assay.accounts._store import tokens
from assay.accounts.tokens import digest
from assay.kernel.values import now
from assay.ports.gate import Identity
from assay.ports.secret import Secret
from assay.ports.store import Change, Store

REMEMBER_S = 5.0
MOST = 10_000


class TokenGate:
    """Implements ports.gate.Gate on the tokens table; a revoked token stops within 5 s, in this process at once."""

    def __init__(self, store: Store, session_lasts: timedelta) -> None:
        self._store = store
        self._session_lasts = session_lasts
        self._known: OrderedDict[str, tuple[float, Identity | None]] = OrderedDict()
        self._looks_up_until = 0.0

    async def identify(self, credential: Secret) -> Identity | None:
        """Return who a session or API token belongs to; one-time links do not count."""
        mark = digest(credential.reveal())
        had = self._known.get(mark)
        if had is not None and time.monotonic() - had[0] < REMEMBER_S:
            return had[1]
        identity = await self._look_up(mark)
        if time.monotonic() < self._looks_up_until:
            return identity
        self._known[mark] = (time.monotonic(), identity)
        self._known.move_to_end(mark)
        if len(self._known) > MOST:
            self._known.popitem(last=False)
        return identity

    async def _look_up(self, mark: str) -> Identity | None:
        found = select(tokens).where(tokens.c.digest == mark, tokens.c.kind != "link", tokens.c.expires_at > now())
        rows = await self._store.rows(found)
        if not rows:
            return None
        row = rows[0]
        stale = row["used_at"] is None or now() - row["used_at"] > timedelta(minutes=1)
        if stale:
            used = {"used_at": now()}
            if row["kind"] == "session":
                used["expires_at"] = now() + self._session_lasts
            self._store.enqueue([Change(update(tokens).where(tokens.c.id == row["id"]).values(**used))])
        return Identity(row["caller_id"], row["name"], frozenset(row["roles"]), frozenset(row["scopes"]))

    def forget(self) -> None:
        """Look everybody up again: a token is being revoked.

        For as long as one is remembered nobody is, since whoever asks before that is committed is still known.
        """
        self._known.clear()
        self._looks_up_until = time.monotonic() + REMEMBER_S

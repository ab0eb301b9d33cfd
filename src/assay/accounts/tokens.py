"""Tokens: random, kept only as a digest, known again by it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from assay.accounts.model import TokenKind
from assay.kernel.values import now


def digest(token: str) -> str:
    """SHA-256 of a token; enough without a salt, since tokens are 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def fresh(
    kind: TokenKind,
    *,
    caller_id: str,
    name: str,
    roles: Iterable[str],
    scopes: Iterable[str],
    lasts: timedelta,
    at: datetime | None = None,
) -> tuple[str, dict[str, Any]]:
    """Return a new token and the row that knows it."""
    token = f"assay_{kind}_{secrets.token_urlsafe(32)}"
    begins = at or now()
    row = {
        "id": f"t_{secrets.token_hex(8)}", "kind": kind, "digest": digest(token), "caller_id": caller_id,
        "name": name, "roles": sorted(roles), "scopes": sorted(scopes), "created_at": begins, "used_at": None,
        "expires_at": begins + lasts, "version": 1,
    }  # fmt: skip
    return token, row

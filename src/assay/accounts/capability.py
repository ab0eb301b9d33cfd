"""The door of accounts."""

from __future__ import annotations

from assay.accounts import operations
from assay.accounts._store import tokens, usage
from assay.kernel.catalogue import Capability, Retention

ACCOUNTS = Capability(
    name="accounts",
    title="Accounts",
    group="House",
    package="assay.accounts",
    operations=(
        operations.sign_in,
        operations.sign_out,
        operations.me,
        operations.link,
        operations.issue,
        operations.list_tokens,
        operations.revoke,
    ),
    tables=(tokens, usage),
    retention=(
        Retention(tokens, "expires_at", "keep_sessions_days"),
        Retention(usage, "at", "keep_sessions_days"),
    ),
)

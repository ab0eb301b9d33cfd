"""How many questions a store lets through, as its property `rate_limit` says."""

from __future__ import annotations

import json
import time
from typing import Any, cast

from assay.faces.loader.store import Store
from assay.kernel.errors import Invalid, Limited

_LIMIT = "rate_limit"
_PER_MINUTE, _BURST = 60, 10
"""What holds where the property says only one of the two."""


class Paces:
    """Counts the questions of each store that has a limit, as the generic cell rate algorithm does: one number a store.

    What the plugin as a whole is allowed comes on top, and is not known here.
    """

    def __init__(self) -> None:
        self._full_at: dict[tuple[str, str], float] = {}
        """When a store's bucket is full again, seconds of the monotonic clock."""

    def take(self, store: Store) -> None:
        """Take one question; raises Limited when there is none left, Invalid for a limit that is none."""
        limit = limit_of(store)
        if limit is None:
            return
        per_minute, burst = limit
        key, at, each = (store.owner, store.name), time.monotonic(), 60.0 / per_minute
        full_at = min(max(self._full_at.get(key, 0.0), at), at + burst * each) + each  # the limit may be another by now
        wait = full_at - at - burst * each
        if wait > 1e-9:
            raise Limited(f"The store takes {per_minute} questions a minute, {burst} at once.",
                          retry_after=wait, limit=per_minute)  # fmt: skip
        self._full_at[key] = full_at


def limit_of(store: Store) -> tuple[int, int] | None:
    """Questions a minute and at once; None where the store sets no limit.

    It is written as the two properties `rate_limit.requests_per_minute` and `rate_limit.burst_size`, or as
    `rate_limit`, a JSON object of them, since hosts have flat properties. Raises Invalid for anything else.
    """
    said: dict[str, Any] = {
        name.removeprefix(f"{_LIMIT}."): value
        for name, value in store.properties.items()
        if name.startswith(f"{_LIMIT}.")
    }
    if whole := store.properties.get(_LIMIT, "").strip():
        said = {**_object(whole), **said}
    if not said:
        return None
    return _whole(said, "requests_per_minute", _PER_MINUTE), _whole(said, "burst_size", _BURST)


def _object(text: str) -> dict[str, Any]:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Invalid('properties.rate_limit: it is written as {"requests_per_minute": 60, "burst_size": 10}.',
                      field="properties.rate_limit")  # fmt: skip
    return cast("dict[str, Any]", found)


def _whole(said: dict[str, Any], name: str, otherwise: int) -> int:
    text = str(said.get(name, otherwise)).strip()
    if not text.isascii() or not text.isdigit() or not 1 <= len(text) <= 6 or int(text) < 1:
        field = f"properties.{_LIMIT}.{name}"
        raise Invalid(f"{field}: it is a whole number from 1.", field=field)
    return int(text)

"""The door to a house in this process."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from assay.faces.shape import answer_bytes
from assay.kernel.house import House
from assay.kernel.secret import Secret


class HouseDoor:
    """Asks a house as the local administrator; promises what `door.Door` says."""

    def __init__(self, house: House, credential: Secret) -> None:
        self._house, self._credential = house, credential

    async def ask(self, operation: str, asked: dict[str, Any], *, timeout_s: float | None = None) -> dict[str, Any]:
        """Ask, and return the answer as REST writes it."""
        answer = await self._house.call(operation, asked, credential=self._credential, timeout_s=timeout_s)
        return json.loads(answer_bytes(self._house.catalogue.find(operation), answer, by_alias=True))

    def mark(self, text: str) -> str:
        """Return a mark of a text, keyed with the credential."""
        return marked(self._credential, text)

    async def well(self) -> str | None:
        """Say what does not work."""
        return next((f"{part.name}: {part.reason}" for part in await self._house.health() if not part.well), None)


def marked(key: Secret, text: str) -> str:
    """A keyed mark of a text: whoever sees it cannot try passwords out."""
    return hmac.new(key.reveal().encode(), text.encode(), hashlib.sha256).hexdigest()[:16]

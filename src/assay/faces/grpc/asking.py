"""One gRPC call on its way: who asks, until when, under which trace; what it asks, it asks of the house."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assay.faces.admit import admit
from assay.faces.rpc import Context
from assay.faces.shape import answer_json
from assay.kernel.caller import Caller
from assay.kernel.house import House
from assay.kernel.operation import Operation
from assay.kernel.secret import Secret

Json = Mapping[str, Any]
Metadata = Mapping[str, str]

_BEARER = re.compile(r"^bearer ", re.IGNORECASE)


@dataclass(frozen=True)
class Asking:
    """Asks operations as whoever the call's metadata shows."""

    house: House
    said: Metadata
    """The call's metadata; of a repeated key the last value."""
    context: Context

    async def admit(self, name: str) -> tuple[Operation, Caller]:
        """Return an operation and who asks it; raises Unauthenticated or Forbidden."""
        operation = self.house.catalogue.find(name)
        return operation, await admit(self.house, operation, credential(self.said))

    async def ask(self, name: str, asked: Callable[[], Json]) -> Json:
        """Return an operation's answer, as JSON; raises what the operation raises.

        Args:
            asked: makes the question; not called for who may not ask.
        """
        operation, caller = await self.admit(name)
        answer = await self.house.call(name, asked(), caller=caller, timeout_s=self.context.time_remaining())
        return answer_json(operation, answer)


def metadata_of(context: Context) -> Metadata:
    """Return the texts of a call's metadata; of `<key>-bin`, which carries any letter, under `<key>`."""
    said = context.invocation_metadata() or ()
    texts = {key: value for key, value in said if isinstance(value, str)}
    exact = {
        key.removesuffix("-bin"): value.decode(errors="replace") for key, value in said if isinstance(value, bytes)
    }
    return {**texts, **exact}


def credential(said: Metadata) -> Secret | None:
    """Return the token of `authorization: Bearer …`, or of `auth`, under which atest hands on the header X-Auth."""
    scheme, _, token = said.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        token = _BEARER.sub("", said.get("auth", ""))
    return Secret(token.strip()) if token.strip() else None

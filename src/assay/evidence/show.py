"""An entry as it is shown: its content opened, its code recomputed, its neighbours named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from assay.evidence import chain
from assay.evidence.chain import Broken
from assay.evidence.model import Check, Evidence
from assay.ports.vault import Vault

Neighbour = tuple[str, str] | None


def show(row: Mapping[str, Any], vault: Vault, before: Neighbour = None, after: Neighbour = None) -> Evidence:
    """Return an entry from a row of `raw_entries`.

    What was changed after it was written comes without its content, not passed and not `intact`; raises Broken when
    it cannot be read at all.
    """
    key = vault.key(chain.KEY)
    entry, mac = chain.read(row)
    content: Mapping[str, Any] = {}
    intact, expired = chain.same(mac, entry.code(key)), False
    try:
        opened = chain.content_of(row, entry, mac, key, lambda sealed, about: vault.open(sealed, about=about))
        expired = opened is None
        content = json.loads(opened) if opened is not None and intact else {}
    except Broken:
        intact = False
    return Evidence(
        id=f"E-{entry.number}",
        kind=entry.kind,
        subject=entry.subject,
        claim=entry.claim,
        passed=entry.passed and intact,
        checks=tuple(Check(**check) for check in content.get("checks", ())),
        facts=content.get("facts", {}),
        reproduce=content.get("reproduce"),
        replayable=bool(content.get("replay")),
        at=_time(entry.at, entry.number),
        valid_until=None if entry.valid_until is None else _time(entry.valid_until, entry.number),
        expired=expired,
        intact=intact,
        sequence=entry.sequence,
        digest=entry.digest,
        mac=mac,
        before=before,
        after=after,
    )


def replay_of(row: Mapping[str, Any], vault: Vault) -> tuple[str, Mapping[str, Any]] | None:
    """The operation and question that run an entry's checks again, None when it has none; raises Broken."""
    entry, mac = chain.read(row)
    key = vault.key(chain.KEY)
    if not chain.same(mac, entry.code(key)):
        raise Broken(f"E-{entry.number} was changed after it was written")
    opened = chain.content_of(row, entry, mac, key, lambda sealed, about: vault.open(sealed, about=about))
    replay = None if opened is None else json.loads(opened)["replay"]
    return None if replay is None else (replay[0], replay[1])


def _time(text: str, number: int) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Broken(f"E-{number} cannot be read: {text!r} is no time") from None

"""A store as gRPC metadata, made legal: what cannot be carried as it is is escaped, and beside it sent exactly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from assay.ports.loader import Store
from assay.ports.secret import Secret

_KEY = re.compile(r"[0-9a-z_.-]+")
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


def of(store: Store) -> tuple[tuple[str, str | bytes], ...]:
    """Return the ten entries that every plugin of atest knows, and one `pro.<name>` a property.

    Names are lower case. A value that is not printable ASCII is sent twice: percent-encoded, which any plugin can at
    least read, and under `<key>-bin` as its UTF-8 bytes, which is exact. A name that ends in `-bin` belongs to bytes.
    """
    sent: dict[str, str | bytes] = {}
    for key, value in _entries(store):
        text = value.reveal() if isinstance(value, Secret) else value or ""
        if key.endswith("-bin"):
            sent[key] = _bytes(text)
            continue
        sent[key] = quote(text, safe=_PRINTABLE, errors="replace")
        if sent[key] != text.strip(" "):
            sent[f"{key}-bin"] = _bytes(text)
    return tuple(sent.items())


def unsent(store: Store) -> tuple[str, ...]:
    """Return the names of properties that have a character which is not allowed in a key."""
    return tuple(name for name in store.properties if not _KEY.fullmatch(name.lower()))


def secrets(store: Store) -> tuple[str, ...]:
    """Return what must not be in any message: password and secret properties, as they are and as in a URL."""
    held = [one.reveal() for one in (store.password, *store.properties.values()) if isinstance(one, Secret)]
    said = {*held, *(quote(one, safe="", errors="replace") for one in held)} - {""}
    return tuple(sorted(said, key=len, reverse=True))


def _entries(store: Store) -> Iterator[tuple[str, str | Secret | None]]:
    yield from {
        "name": store.name, "owner": store.owner, "kind": store.kind, "kind.url": store.kind_url,
        "description": store.description, "url": store.url, "username": store.username, "password": store.password,
        "readonly": str(store.readonly).lower(), "disabled": str(store.disabled).lower(),
    }.items()  # fmt: skip
    lost = unsent(store)
    # Of two names that differ in case only, the one that is lower case already comes last, and stays.
    for name in sorted(store.properties, key=str.islower):
        if name not in lost:
            yield f"pro.{name.lower()}", store.properties[name]


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")

"""What in a store is secret: kept as Secret, shown as ******, and unchanged when it comes back as that."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from assay.plugins.stores.model import Kind, Store, Text
from assay.ports.errors import Invalid
from assay.ports.secret import Secret
from assay.runtime.redact import redacted

HIDDEN = "******"
_NAMES = re.compile(
    r"password|passwd|passphrase|secret|credential|authorization|token(?!s|iz)|(?<!public)key$|^(pwd|pass|auth|dsn|pat)$"
)


def sealed(store: Store) -> Store:
    """Return the store with a Secret wherever a name or the look of a value says that it is one."""
    return _each(store, _guarded)


def masked(store: Store) -> Store:
    """Return the store as it may be listed."""
    return _each(store, lambda _, value: HIDDEN if isinstance(value, Secret) else value)


def unmasked(store: Store, before: Store | None) -> Store:
    """Return a store that came from a caller, sealed, with what was hidden from them as it is in the one `before`.

    Raises:
        Invalid: ****** where nothing was hidden.
    """
    kept: dict[str, Text] = {}
    if before is not None:
        _each(before, lambda path, value: kept.setdefault(path, value))

    def unhidden(path: str, value: Text) -> Text:
        if revealed(value) != HIDDEN:
            return value
        if not kept.get(path):
            raise Invalid(
                f"{path} is {HIDDEN}, which means unchanged; nothing is kept.", field=path, cure="send a value"
            )
        return kept[path]

    return sealed(_each(store, unhidden))


def revealed(text: Text) -> str:
    """Return a text as a plugin, or the file, gets it."""
    return text.reveal() if isinstance(text, Secret) else text


def _guarded(path: str, value: Text) -> Text:
    if not value or isinstance(value, Secret):
        return value
    name = re.sub(r"[^a-z0-9.]", "", path.lower()).rpartition(".")[2]
    return Secret(value) if _NAMES.search(name) or redacted(value) != value else value


def _each(store: Store, change: Callable[[str, Text], Text]) -> Store:
    """Return the store with each text that may be a secret changed; `change` gets its path too."""
    return replace(
        store, url=change("url", store.url), password=change("password", store.password),
        properties={key: change(f"properties.{key}", value) for key, value in store.properties.items()},
        kind=store.kind and each_default(store.kind, change),
    )  # fmt: skip


def each_default(kind: Kind, change: Callable[[str, Text], Text] = _guarded) -> Kind:
    """Return the kind with the default of each of its params changed; sealed, unless told otherwise."""
    params = (replace(one, default=change(f"kind.params.{one.key}", one.default)) for one in kind.params)
    return replace(kind, params=tuple(params))

"""Puts a store that a caller sent into the file: hidden values stay, nothing of ours is read for the caller."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from assay.plugins.model import SaveStore
from assay.plugins.stores.expand import literal
from assay.plugins.stores.files import change
from assay.plugins.stores.model import Kind, Param, Reading, Store
from assay.plugins.stores.read import read
from assay.plugins.stores.secrecy import HIDDEN, revealed, sealed, unmasked
from assay.plugins.stores.write import drop_store, put_kind, put_store
from assay.ports.errors import Conflict, Invalid, NotFound


def store_of(asked: SaveStore, before: Store | None) -> Store:
    """Return the store that a caller means, sealed; raises Invalid for `******` where nothing is kept.

    A `${VAR}` of the caller's stands for itself, since they may not read our environment; one that the file has
    already, and that came back as it was, stays.
    """
    had = before or Store(name=asked.name)
    kind = Kind(
        name=asked.kind.name, url=_kept(asked.kind.url, had.kind.url if had.kind else ""), enabled=asked.kind.enabled,
        dependencies=tuple(one.name for one in asked.kind.dependencies), link=asked.kind.link,
        categories=asked.kind.categories,
        params=tuple(_param(one.key, one.default_value, one.enum, one.description) for one in asked.kind.params),
    )  # fmt: skip
    sent = Store(
        name=asked.name, type=had.type, owner=asked.owner, kind=kind,
        description=_kept(asked.description, had.description), url=_kept(asked.url, revealed(had.url)),
        username=_kept(asked.username, had.username), password=_kept(asked.password, revealed(had.password)),
        readonly=asked.read_only, disabled=asked.disabled,
        properties={
            one.key: _kept(one.value, revealed(had.properties.get(one.key, ""))) for one in asked.properties if one.key
        },
    )  # fmt: skip
    return sealed(unmasked(sent, before))


def save(path: Path, asked: SaveStore, environment: Mapping[str, str], *, new: bool) -> None:
    """Write a store into the file.

    Raises:
        Invalid: the file would say something wrong of it; `field` names what.
        Conflict: it shall be new, and there is one of that name.
        NotFound: it shall not be new, and there is none.
    """

    def edit(text: str) -> str:
        was = read(text, environment)
        before = next((one.written for one in was.entries if one.written.name == asked.name), None)
        there = before is not None or asked.name in was.bad
        if new and there:
            raise Conflict(f"There is a store {asked.name!r} already.", field="name")
        if not new and not there:
            raise NotFound(f"There is no store {asked.name!r}.", field="name")
        store = store_of(asked, before)
        made = put_store(text, store)
        if store.kind is not None and store.kind.name not in {one.name for one in was.kinds}:
            made = put_kind(made, store.kind, "plugins")
        _refuse_errors(read(made, environment), store.name)
        return made

    change(path, edit)


def drop(path: Path, name: str, environment: Mapping[str, str]) -> None:
    """Take a store out of the file; raises NotFound when it is not there."""

    def edit(text: str) -> str:
        was = read(text, environment)
        if name not in was.bad and name not in {one.written.name for one in was.entries}:
            raise NotFound(f"There is no store {name!r}.", field="name")
        return drop_store(text, name)

    change(path, edit)


def _refuse_errors(reading: Reading, name: str) -> None:
    """Raise Invalid with the first thing that is wrong with a store as it would be written."""
    if name in {one.used.name for one in reading.entries}:
        return
    wrong = [one for one in reading.problems if one.severity == "error"]
    if wrong:
        field = wrong[-1].path.partition(".")[2] or "name"
        raise Invalid(f"{field} {wrong[-1].says}.", field=field, cure=wrong[-1].cure)
    raise Invalid("The store cannot be written.", field="name")


def _kept(sent: str, had: str) -> str:
    return sent if sent in (had, HIDDEN) else literal(sent)


def _param(key: str, default: str, enum: tuple[str, ...], description: str) -> Param:
    return Param(
        key=key, default=literal(default) if default != HIDDEN else default, enum=enum, description=description
    )

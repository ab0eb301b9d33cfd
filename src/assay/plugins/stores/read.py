"""Reads the stores and kinds of a file; what is wrong with one never hides another."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from assay.plugins.stores.addresses import bad_address, is_remote
from assay.plugins.stores.ai import ai_values
from assay.plugins.stores.flatten import Leaves, flatten
from assay.plugins.stores.model import Entry, Kind, Param, Reading, Store
from assay.plugins.stores.secrecy import HIDDEN, each_default, revealed, sealed
from assay.plugins.stores.spots import Reader, Spot
from assay.plugins.stores.tree import Broken, parse

TOP = ("stores", "plugins", "items")
STORE = (
    "name", "type", "owner", "kind", "description", "url", "username", "password", "readonly", "disabled", "properties",
)  # fmt: skip
KIND = ("name", "url", "dependencies", "params", "link", "enabled", "categories")
PARAM = ("key", "defaultvalue", "enum", "description")
CAMEL_DEFAULT = "defaultValue"
"""What atest's own samples write, and atest itself does not read."""
AI_KIND = "atest-store-ai"
_AI_KINDS = (AI_KIND, "atest-ext-ai")
_PROGRAM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_NAME = re.compile(r"(?!\s)[^/\x00-\x1f\x7f-\x9f]{1,100}(?<!\s)")


def read(text: str, environment: Mapping[str, str]) -> Reading:
    """Read stores.yaml or extension.yaml, `${VAR}` replaced in what is used. Pure; it raises nothing."""
    try:
        root = parse(text)
    except Broken as error:
        return Reading(problems=(error.problem,), whole=False)
    if root is None:
        return Reading()
    reader = Reader(environment)
    if not (top := Spot("", root)).is_map:
        reader.wrong(top, "is no map", "begin it with `stores:`, and a list under that")
        return Reading(problems=tuple(reader.problems), whole=False)
    fields = reader.fields(top, TOP)
    kinds = _kinds(
        [*reader.items(fields.get("plugins"), "a kind"), *reader.items(fields.get("items"), "a kind")], reader
    )
    entries: dict[str, Entry] = {}
    bad: set[str] = set()
    problems = reader.problems
    for spot in reader.items(fields.get("stores"), "a store"):
        within = Reader(environment)
        entry = _entry(spot, kinds, within)
        name = entry.used.name
        if name and (name in entries or name in bad):
            within.wrong(spot, "has the name of a store above it", "give it a name of its own")
        elif within.failed:
            bad |= {name} - {""}
        else:
            entries[name] = entry
        problems += within.problems
    return Reading(
        entries=tuple(entries.values()),
        kinds=tuple(kinds.values()),
        problems=tuple(problems),
        bad=frozenset(bad),
    )


def _kinds(spots: list[Spot], reader: Reader) -> dict[str, Kind]:
    kinds: dict[str, Kind] = {}
    for spot in spots:
        within = Reader(reader.environment)
        kind = kind_at(spot, within)
        if kind.name in kinds:
            within.odd(spot, "has the name of a kind above it, which counts", "keep one of the two")
        elif not within.failed:
            kinds[kind.name] = kind
        reader.problems += within.problems
    return kinds


def _entry(spot: Spot, kinds: Mapping[str, Kind], reader: Reader) -> Entry:
    used, leaves = store_at(spot, reader)
    written, _ = store_at(spot, Reader(None))
    _check(spot, used, kinds, reader)
    ai = ai_values(leaves, reader) if is_ai(used, kinds) else None
    return Entry(written=written, used=used, ai=ai, line=spot.node.start_mark.line + 1)


def is_ai(store: Store, kinds: Mapping[str, Kind]) -> bool:
    """Whether the store's plugin writes SQL: it says so, or its kind is known to, or has the category."""
    if store.type == "ai" or store.kind is None:
        return store.type == "ai"
    listed = kinds.get(store.kind.name, store.kind)
    return store.kind.name in _AI_KINDS or "ai" in {*store.kind.categories, *listed.categories}


def store_at(spot: Spot, reader: Reader) -> tuple[Store, Leaves]:
    """Return the store that stands at a spot, sealed, and its properties with the places they came from."""
    fields = reader.fields(spot, STORE)
    leaves = flatten(fields.get("properties"), reader)
    type_ = reader.fixed(fields.get("type")).strip().lower()
    url = reader.text(fields.get("url")).strip()
    kind = kind_at(fields["kind"], reader) if "kind" in fields and not fields["kind"].is_null else None
    if type_ not in ("", "ai"):
        reader.wrong(fields["type"], "is no known type", "write ai, or leave it out and name the plugin under kind")
    if type_ == "ai" and kind is None:
        kind = Kind(name=AI_KIND, url=url)
    store = Store(
        name=reader.fixed(fields.get("name")),
        type="ai" if type_ == "ai" else "",
        owner=reader.text(fields.get("owner")),
        kind=kind,
        description=reader.text(fields.get("description")),
        url=url,
        username=reader.text(fields.get("username")),
        password=reader.text(fields.get("password")),
        readonly=reader.flag(fields.get("readonly")),
        disabled=reader.flag(fields.get("disabled")),
        properties={key: text for key, (text, _) in leaves.items()},
    )
    for key, (text, place) in {**leaves, "password": (revealed(store.password), fields.get("password", spot))}.items():
        if text == HIDDEN:
            reader.wrong(
                place, "is the placeholder that hides a value", f"write the value of {key} itself, or ${{VAR}}"
            )
    return sealed(store), leaves


def kind_at(spot: Spot, reader: Reader) -> Kind:
    """Return the kind that stands at a spot."""
    fields = reader.fields(spot, KIND)
    kind = Kind(
        name=reader.fixed(fields.get("name")),
        url=reader.text(fields.get("url")).strip(),
        dependencies=tuple(
            reader.fixed(reader.fields(one, ("name",)).get("name"))
            for one in reader.items(fields.get("dependencies"), "`name: KIND`")
        ),
        params=tuple(param_at(one, reader) for one in reader.items(fields.get("params"), "`key: NAME`")),
        link=reader.text(fields.get("link")),
        enabled="enabled" not in fields or reader.flag(fields["enabled"]),
        categories=tuple(reader.fixed(one) for one in reader.items(fields.get("categories"), "a category")),
    )
    where = fields.get("name", spot)
    if spot.is_map and not _PROGRAM.fullmatch(kind.name):
        reader.wrong(
            where, "is no name of a plugin's program", "write letters, digits and . _ - such as atest-store-orm"
        )
    if kind.url and (bad := bad_address(kind.url)):
        reader.wrong(fields["url"], *bad)
    elif is_remote(kind.url):
        reader.odd(fields["url"], "is on another machine, and passwords go there in the clear", "listen on this one")
    return each_default(kind)


def param_at(spot: Spot, reader: Reader) -> Param:
    """Return the param that stands at a spot; both spellings of its default are read."""
    fields = reader.fields(spot, (*PARAM, CAMEL_DEFAULT))
    if not (key := reader.fixed(fields.get("key"))):
        reader.wrong(fields.get("key", spot), "has no key", "write `key: NAME`")
    return Param(
        key=key,
        default=reader.text(fields.get("defaultvalue") or fields.get(CAMEL_DEFAULT)),
        enum=tuple(reader.text(one) for one in reader.items(fields.get("enum"), "a value")),
        description=reader.text(fields.get("description")),
    )


def _check(spot: Spot, store: Store, kinds: Mapping[str, Kind], reader: Reader) -> None:
    fields = Reader(None).fields(spot)
    where = fields.get("name", spot)
    if not spot.is_map:
        return
    if not store.name:
        reader.wrong(where, "has no name", "write `name: NAME`")
    elif not _NAME.fullmatch(store.name) or "${" in store.name:
        reader.wrong(
            where, "is no name of a store", "write up to 100 characters without / or ${, no blanks around them"
        )
    elif store.name == "local":
        reader.wrong(where, "is the name of the files beside the stores", "give the store another name")
    if store.type == "ai" and "kind" not in fields and "url" not in fields:
        reader.wrong(spot, "has no url", "write where its plugin listens, unix:///path/to.sock")
    elif store.type == "ai" and "url" in fields and (bad := bad_address(revealed(store.url))):
        reader.wrong(fields["url"], *bad)
    if store.kind and kinds and store.kind.name not in (*kinds, *_AI_KINDS):
        near = difflib.get_close_matches(store.kind.name, kinds, n=1)
        meant = f"did you mean {near[0]}?" if near else "add it to plugins, if it is meant"
        reader.odd(fields["kind"], "is not among the plugins of this file", meant)

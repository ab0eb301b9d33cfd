"""Stores and kinds become YAML nodes in the form that atest reads; keys of the old ones that we do not know stay."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import yaml

from assay.plugins.stores.model import Kind, Param, Store
from assay.plugins.stores.read import CAMEL_DEFAULT, KIND, PARAM, STORE
from assay.plugins.stores.secrecy import revealed
from assay.plugins.stores.spots import CORE, Reader, Spot

Fields = dict[str, yaml.Node | None]
"""What to write under each key; None: leave the key out."""


def store_node(store: Store, old: Spot | None) -> yaml.Node:
    """Return the node of a store; `old` is where it stood before."""
    there = Reader(None).fields(old)
    fields: Fields = {
        "name": _text(store.name),
        "type": _if_any(store.type),
        "owner": _if_any(store.owner),
        "kind": kind_node(store.kind, there.get("kind")) if store.kind else None,
        "description": _if_any(store.description),
        "url": _if_any(revealed(store.url)),
        "username": _if_any(store.username),
        "password": _if_any(revealed(store.password)),
        "readonly": _flag(True) if store.readonly else None,
        "disabled": _flag(True) if store.disabled else None,
        "properties": _map({key: _text(revealed(value)) for key, value in store.properties.items()}),
    }
    return _with_unknown(fields, there, STORE)


def kind_node(kind: Kind, old: Spot | None) -> yaml.Node:
    """Return the node of a kind; `old` is where it stood before."""
    reader = Reader(None)
    there = reader.fields(old)
    params = {reader.fixed(one.get("key")): one for one in map(reader.fields, reader.items(there.get("params"), ""))}
    fields: Fields = {
        "name": _text(kind.name),
        "dependencies": list_node(_map({"name": _text(name)}) for name in kind.dependencies),
        "url": _if_any(kind.url),
        "params": list_node(_param(one, params.get(one.key, {})) for one in kind.params),
        "link": _if_any(kind.link),
        "enabled": _flag(kind.enabled),
        "categories": list_node(_text(name) for name in kind.categories),
    }
    return _with_unknown(fields, there, KIND)


def list_node(items: Iterable[yaml.Node]) -> yaml.SequenceNode:
    """Return a list with a line for each item."""
    nodes = list(items)
    return yaml.SequenceNode(f"{CORE}seq", nodes, flow_style=not nodes)


def _param(param: Param, there: dict[str, Spot]) -> yaml.Node:
    fields: Fields = {
        "key": _text(param.key),
        "defaultvalue": _if_any(revealed(param.default)),
        "enum": list_node(_text(value) for value in param.enum),
        "description": _if_any(param.description),
    }
    return _with_unknown(fields, there, (*PARAM, CAMEL_DEFAULT))


def _with_unknown(fields: Fields, there: dict[str, Spot], known: Collection[str]) -> yaml.Node:
    return _map(fields | {key: spot.node for key, spot in there.items() if key not in known})


def _map(fields: Fields) -> yaml.Node:
    pairs = [(_text(key), node) for key, node in fields.items() if node and node.value != []]
    return yaml.MappingNode(f"{CORE}map", pairs, flow_style=False)


def _if_any(value: str) -> yaml.Node | None:
    return _text(value) if value else None


def _text(value: str) -> yaml.Node:
    return yaml.ScalarNode(f"{CORE}str", value, style='"' if "\n" in value else None)


def _flag(value: bool) -> yaml.Node:
    return yaml.ScalarNode(f"{CORE}bool", "true" if value else "false")

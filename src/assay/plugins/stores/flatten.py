"""Properties in any of their forms become the one that atest reads: a flat map of texts."""

from __future__ import annotations

import json
from typing import Any, cast

from assay.plugins.stores.spots import Reader, Spot

Leaves = dict[str, tuple[str, Spot]]
"""By key: the text, and where it came from."""


def flatten(spot: Spot | None, reader: Reader) -> Leaves:
    """Return the properties of a store: from a map, nested or not, or from a list of `key` and `value`.

    A map in a map becomes keys with a dot between; a list, and a map without keys, becomes the text of its JSON, in
    which every value is a text.
    """
    leaves: Leaves = {}
    if spot is not None and spot.is_list:
        for item in reader.items(spot, "`key: NAME` and `value: TEXT`"):
            pair = reader.fields(item, ("key", "value"))
            if key := reader.text(pair.get("key")):
                _spread(key, spot.under(key, pair["value"].node if "value" in pair else item.node), reader, leaves)
            else:
                reader.wrong(item, "has no key", "write `key: NAME` and `value: TEXT`")
            for other in pair.keys() - {"key", "value"}:
                reader.odd(pair[other], "is not kept when the file is written", "keep it in a comment")
    else:
        for key, value in reader.fields(spot).items():
            _spread(key, value, reader, leaves)
    return leaves


def _spread(key: str, spot: Spot, reader: Reader, leaves: Leaves) -> None:
    if spot.is_map and (fields := reader.fields(spot)):
        for name, value in fields.items():
            _spread(f"{key}.{name}", value, reader, leaves)
    elif key in leaves:
        reader.wrong(spot, "is there twice", "keep one of the two")
    elif spot.is_map or spot.is_list:
        leaves[key] = json.dumps(_plain(spot, reader), ensure_ascii=False), spot
    else:
        leaves[key] = _scalar(spot, reader), spot


def _plain(spot: Spot, reader: Reader) -> object:
    if spot.is_list:
        return [_plain(item, reader) for item in reader.items(spot, "a value")]
    if spot.is_map:
        return {key: _plain(value, reader) for key, value in reader.fields(spot).items()}
    return reader.text(spot)


def _scalar(spot: Spot, reader: Reader) -> str:
    said = str(spot.node.value)
    if "${" not in said or not isinstance(nested := from_json(said), list | dict):
        return reader.text(spot)
    reader.text(spot)
    return json.dumps(_expanded(cast("object", nested), spot, reader), ensure_ascii=False)


def _expanded(nested: object, spot: Spot, reader: Reader) -> object:
    """Replace references in the texts of a JSON value, one by one: no value can end the text that it stands in."""
    if isinstance(nested, list):
        return [_expanded(one, spot, reader) for one in cast("list[object]", nested)]
    if isinstance(nested, dict):
        return {key: _expanded(one, spot, reader) for key, one in cast("dict[str, object]", nested).items()}
    return reader.expanded(spot, nested) if isinstance(nested, str) else nested


def from_json(text: str) -> Any:
    """Return what a text says as JSON; None: it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None

"""Puts stores and kinds into the text of a file, in the form that atest reads, and leaves the rest as it stands.

What is put has `${VAR}` as it was written (`Entry.written`), never what it stands for. Comments and spacing stay,
except within an item that is written anew; where a file's form allows nothing else, all of it is written anew.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import yaml

from assay.plugins.stores.model import Kind, Store
from assay.plugins.stores.nodes import kind_node, list_node, store_node
from assay.plugins.stores.read import store_at
from assay.plugins.stores.spots import CORE, Reader, Spot
from assay.plugins.stores.tree import Broken, parse
from assay.ports.errors import Invalid

Part = Literal["stores", "plugins", "items"]
Change = tuple[yaml.Node | None, yaml.Node | None]
"""An item of a list before and after: the same node, another, gone (None after), or new (None before)."""
_BLANK = re.compile(r"\s*(#.*)?\n?")


def put_store(text: str, store: Store) -> str:
    """Return the text with this store in it, in place of the one of its name, or as the last.

    Keys that we do not know stay. Another store whose properties are nested, which would hide all stores from atest, is
    written anew too.

    Raises:
        Invalid: the text is no YAML that could be changed, or would become too large.
    """
    part, changes, there = _Part(text, "stores"), list[Change](), False
    for spot in part.spots:
        reader = Reader(None)
        other, _ = store_at(spot, reader)
        if other.name == store.name and not there:
            there = True
            changes.append((spot.node, store_node(store, spot)))
        elif not reader.failed and _is_nested(spot):
            changes.append((spot.node, store_node(other, spot)))
        else:
            changes.append((spot.node, spot.node))
    return part.changed(changes if there else [*changes, (None, store_node(store, None))])


def drop_store(text: str, name: str) -> str:
    """Return the text without the store of this name; the same text if there is none.

    Raises:
        Invalid: the text is no YAML that could be changed.
    """
    part = _Part(text, "stores")
    return part.changed([(spot.node, None if _name(spot) == name else spot.node) for spot in part.spots])


def put_kind(text: str, kind: Kind, where: Literal["plugins", "items"]) -> str:
    """Return the text with this kind in it, in place of the one of its name, or as the first.

    The first, since atest stops looking for AI plugins at the first kind of another category.

    Raises:
        Invalid: the text is no YAML that could be changed, or would become too large.
    """
    part = _Part(text, where)
    names = [_name(spot) for spot in part.spots]
    changes: list[Change] = [
        (spot.node, kind_node(kind, spot) if name == kind.name else spot.node)
        for name, spot in zip(names, part.spots, strict=True)
    ]
    return part.changed(changes if kind.name in names else [(None, kind_node(kind, None)), *changes])


def _name(spot: Spot) -> str:
    reader = Reader(None)
    return reader.fixed(reader.fields(spot).get("name"))


def _is_nested(spot: Spot) -> bool:
    properties = Reader(None).fields(spot).get("properties")
    if properties is None:
        return False
    return properties.is_list or any(one.is_map or one.is_list for one in Reader(None).fields(properties).values())


class _Part:
    """One of the lists of a text, to be changed."""

    def __init__(self, text: str, name: Part) -> None:
        self.text, self.name = text, name
        try:
            self.root = parse(text)
        except Broken as error:
            raise _unchangeable(str(error.problem)) from None
        reader = Reader(None)
        value = reader.fields(Spot("", self.root)).get(name) if self.root else None
        self.spots = reader.items(value, "an item")
        self.node = value.node if value else None
        if reader.failed:
            raise _unchangeable(str(reader.problems[0]))

    def changed(self, changes: Sequence[Change]) -> str:
        """Return the text with the items changed; it was read again, and says what it should."""
        if all(before is after for before, after in changes):
            return self.text
        meant = self._meant(list_node(after for _, after in changes if after))
        for text in (self._in_place(changes), _written(meant)):
            try:
                if _same(parse(text), meant):
                    return text
            except Broken:
                continue
        raise Invalid("The file would be too large, or nest too deep.", cure="drop stores that are not used")

    def _meant(self, items: yaml.Node) -> yaml.Node:
        pairs = list(self.root.value) if self.root else []
        places = [place for place, (key, _) in enumerate(pairs) if key.value == self.name]
        if places:
            pairs[places[0]] = (pairs[places[0]][0], items)
        else:
            pairs.append((yaml.ScalarNode(f"{CORE}str", self.name), items))
        return yaml.MappingNode(f"{CORE}map", pairs, flow_style=False)

    def _in_place(self, changes: Sequence[Change]) -> str:
        items = [after for _, after in changes if after]
        if self.node is None:
            before = f"{self.text.rstrip()}\n" if self.text.strip() else ""
            return f"{before}{self.name}:\n{_block(items, 0)}"
        if isinstance(self.node, yaml.SequenceNode) and self.node.value and not self.node.flow_style:
            regions = _regions(self.text, self.node)
            if items:
                return _by_region(self.text, regions, changes, self.node.start_mark.column)
            return f"{self.text[: regions[0].start]}  []\n{self.text[regions[-1].end :]}"
        start, end = self.node.start_mark.index, self.node.end_mark.index
        return f"{self.text[:start]}\n{_block(items, 0)[:-1]}{self.text[end:]}"


@dataclass(frozen=True, slots=True)
class _Region:
    """The lines of an item, without the comments after it: those belong to the next."""

    start: int
    end: int


def _regions(text: str, list_: yaml.SequenceNode) -> list[_Region]:
    dashes = [text.rfind("-", 0, node.start_mark.index) for node in list_.value]
    starts = [text.rfind("\n", 0, dash) + 1 for dash in dashes]
    ends = [*starts[1:], list_.end_mark.index]
    return [_Region(start, _without_comments(text, start, end)) for start, end in zip(starts, ends, strict=True)]


def _without_comments(text: str, start: int, end: int) -> int:
    while (line := text.rfind("\n", start, end - 1) + 1) > start and _BLANK.fullmatch(text, line, end):
        end = line
    return end


def _by_region(text: str, regions: Sequence[_Region], changes: Sequence[Change], column: int) -> str:
    parts, rest, at = [text[: regions[0].start]], iter(regions), regions[0].start
    for before, after in changes:
        if before is not None:
            region = next(rest)
            parts.append(text[at : region.start])
            at = region.end
            if before is after:
                body = text[region.start : region.end]
                parts.append(body if body.endswith("\n") else f"{body}\n")
        if after is not None and before is not after:
            parts.append(_block([after], column))
    return "".join([*parts, text[at:]])


def _block(items: list[yaml.Node], column: int) -> str:
    lines = _written(list_node(items)).splitlines(keepends=True)
    return "".join(" " * column + line for line in lines)


def _written(node: yaml.Node) -> str:
    return str(yaml.serialize(node, Dumper=yaml.SafeDumper, allow_unicode=True, width=sys.maxsize))  # pyright: ignore[reportUnknownMemberType]


def _same(one: yaml.Node | None, other: yaml.Node | None) -> bool:
    """Whether two trees say the same, whatever their form."""
    if one is None or other is None or type(one) is not type(other) or one.tag != other.tag:
        return one is other
    if isinstance(one, yaml.ScalarNode):
        return bool(one.value == other.value)
    if isinstance(one, yaml.SequenceNode):
        return len(one.value) == len(other.value) and all(map(_same, one.value, other.value))
    return len(one.value) == len(other.value) and all(
        _same(key, key_) and _same(value, value_)
        for (key, value), (key_, value_) in zip(one.value, other.value, strict=True)
    )


def _unchangeable(why: str) -> Invalid:
    return Invalid(f"The file cannot be changed as it is: {why}.", cure="repair the file first")

"""A node of a file, with the path that leads to it, is read as what was meant; what does not fit becomes a problem."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import yaml

from assay.plugins.stores.expand import Unreadable, expand
from assay.plugins.stores.model import Problem, Severity

LONGEST = 8_192
"""Characters of a text: a plugin is told it in the metadata of a call, which holds 8 KiB."""
CORE = "tag:yaml.org,2002:"
_PLAIN_KEY = re.compile(r"[\w.-]{1,60}")
_TAGS = {
    f"{CORE}{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge", "map", "seq")
}
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in a file something stands."""

    path: str
    node: yaml.Node

    def under(self, key: str, node: yaml.Node) -> Spot:
        """Return the spot of a key's value."""
        name = key if _PLAIN_KEY.fullmatch(key) else "?"
        return Spot(f"{self.path}.{name}" if self.path else name, node)

    def at(self, index: int, node: yaml.Node) -> Spot:
        """Return the spot of a list's item."""
        return Spot(f"{self.path}[{index}]", node)

    @property
    def is_null(self) -> bool:
        """Whether nothing stands here, or `~`, or `null`."""
        return self.node.tag == f"{CORE}null"

    @property
    def is_map(self) -> bool:
        """Whether there are keys in it."""
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        """Whether there are items in it."""
        return isinstance(self.node, yaml.SequenceNode)


def _what(spot: Spot) -> str:
    return "a map" if spot.is_map else "a list" if spot.is_list else "text"


def flag_of(text: str) -> bool | None:
    """Return what a text says in any of YAML's words for true and false; None: neither."""
    return _FLAGS.get(text.strip().lower())


class Reader:
    """Reads spots, each as one type, and collects the problems. Without an environment `${VAR}` stays as it is."""

    def __init__(self, environment: Mapping[str, str] | None) -> None:
        self.environment = environment
        self.problems: list[Problem] = []

    @property
    def failed(self) -> bool:
        """Whether one of the problems is an error."""
        return any(one.severity == "error" for one in self.problems)

    def wrong(self, spot: Spot, says: str, cure: str) -> None:
        """Note an error: what is said of the spot, and what would be right."""
        self._note(spot, says, cure, "error")

    def odd(self, spot: Spot, says: str, cure: str) -> None:
        """Note a warning."""
        self._note(spot, says, cure, "warning")

    def _note(self, spot: Spot, says: str, cure: str, severity: Severity) -> None:
        mark = spot.node.start_mark
        problem = Problem(
            path=spot.path, line=mark.line + 1, column=mark.column + 1, says=says, cure=cure, severity=severity
        )
        if problem not in self.problems:
            self.problems.append(problem)

    def text(self, spot: Spot | None) -> str:
        """Return a text as it stands there, whatever YAML takes it for (`no`, `0.1`, `30s`); nothing is empty."""
        return self.expanded(spot, self.fixed(spot)) if spot else ""

    def fixed(self, spot: Spot | None) -> str:
        """Return a text in which a `${VAR}` is not read."""
        if spot is None or spot.is_null:
            return ""
        if not isinstance(spot.node, yaml.ScalarNode):
            self.wrong(spot, f"is {_what(spot)}", "text belongs here")
            return ""
        said = str(spot.node.value)
        self._check(spot, said)
        return said

    def expanded(self, spot: Spot, said: str) -> str:
        """Return a text of the spot with the environment's values for its references."""
        if self.environment is None:
            return said
        try:
            return expand(said, self.environment)
        except Unreadable as error:
            self.wrong(spot, error.says, error.cure)
            return ""

    def _check(self, spot: Spot, said: str) -> None:
        if spot.node.tag not in _TAGS:
            self.wrong(spot, "has a tag", "remove the word that begins with !")
        if len(said) > LONGEST:
            self.wrong(spot, f"is longer than {LONGEST:,} characters", "keep long texts in a file, and name that")
        if _CONTROL.search(said):
            self.wrong(spot, "has a control character", "only line ends and tabs may be in a text")

    def flag(self, spot: Spot | None) -> bool:
        """Return true or false; nothing is false."""
        said = self.fixed(spot)
        flag = flag_of(said)
        if spot and said and flag is None:
            self.wrong(spot, "is neither true nor false", "write true or false")
        return flag or False

    def items(self, spot: Spot | None, each: str) -> list[Spot]:
        """Return the items of a list, which are `each` one; nothing is an empty list."""
        if spot is None or spot.is_null:
            return []
        if not isinstance(spot.node, yaml.SequenceNode):
            self.wrong(spot, f"is {_what(spot)}", f"a list belongs here, {each} after each `- `")
            return []
        self._check(spot, "")
        return [spot.at(index, node) for index, node in enumerate(spot.node.value)]

    def fields(self, spot: Spot | None, known: Collection[str] | None = None) -> dict[str, Spot]:
        """Return a map's values by key, merged ones (`<<`) too; nothing is an empty map.

        A key that is nearly one of the `known` is a warning: most often it was meant.
        """
        if spot is None or spot.is_null:
            return {}
        if not isinstance(spot.node, yaml.MappingNode):
            self.wrong(spot, f"is {_what(spot)}", "a map belongs here, `key: value`")
            return {}
        self._check(spot, "")
        found: dict[str, Spot] = {}
        merged: dict[str, Spot] = {}
        for key, value in self._pairs(spot):
            if key == "<<" and value.is_map:
                merged = self.fields(Spot(spot.path, value.node)) | merged
            elif key == "<<":
                for one in reversed(self.items(value, "a map")):
                    merged |= self.fields(Spot(spot.path, one.node))
            elif key in found:
                self.wrong(value, "is there twice", "keep one of the two")
            else:
                found[key] = value
        self.nearly(found, known or ())
        return merged | found

    def _pairs(self, spot: Spot) -> Iterator[tuple[str, Spot]]:
        for key, value in spot.node.value:
            if isinstance(key, yaml.ScalarNode) and key.value:
                yield str(key.value), spot.under(str(key.value), value)
            else:
                self.wrong(Spot(spot.path, key), "has a key that is no text", "write `key: value`")

    def nearly(self, found: Mapping[str, Spot], known: Collection[str]) -> None:
        """Warn of each key that is no known one but close to one that is not there."""
        for key in found.keys() - set(known):
            near = difflib.get_close_matches(key.lower(), known, n=1, cutoff=0.8)
            if near and near[0] not in found:
                self.odd(found[key], "is not a known name", f"did you mean {near[0]}?")

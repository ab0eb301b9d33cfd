"""A text becomes a tree of YAML nodes that know their lines, within bounds; no object is ever built from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

import yaml

from assay.plugins.stores.model import Problem

MOST_BYTES = 1 << 20
MOST_NODES = 20_000
"""With every alias counted as what it stands for."""
DEEPEST = 32
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAB = re.compile(r" *\t")


class Broken(Exception):
    """The text is not YAML, or more of it than anybody means."""

    def __init__(self, line: int, column: int, says: str, cure: str) -> None:
        super().__init__(says)
        self.problem = Problem(path="", line=line, column=column, says=says, cure=cure)


def decode(raw: bytes) -> str:
    """Return the text of a file, without a byte order mark and with plain line ends.

    Raises:
        Broken: it is too large, or not UTF-8.
    """
    if len(raw) > MOST_BYTES:
        raise Broken(0, 0, "is larger than 1 MiB", "keep only the stores that are used")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise Broken(line, column, "is not UTF-8", "save it as UTF-8") from None


def parse(text: str) -> yaml.Node | None:
    """Return the root of a text's tree; None: there is nothing but comments.

    Raises:
        Broken: it is not YAML, or beyond a bound.
    """
    if len(text) > MOST_BYTES:
        raise Broken(0, 0, "is larger than 1 MiB", "keep only the stores that are used")
    if found := _UNPRINTABLE.search(text):
        before = text[: found.start()]
        line, column = before.count("\n") + 1, found.start() - before.rfind("\n")
        raise Broken(line, column, "has a control character", "remove it, or write it as an escape in double quotes")
    try:
        _bound(text)
        return cast("yaml.Node | None", yaml.compose(text, Loader=yaml.CSafeLoader))  # pyright: ignore[reportUnknownMemberType]
    except yaml.MarkedYAMLError as error:
        raise _broken(error, text) from None


def _broken(error: yaml.MarkedYAMLError, text: str) -> Broken:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Broken(0, 0, "is not YAML", "check it with a YAML linter")
    lines = text.split("\n")
    if mark.line < len(lines) and _TAB.match(lines[mark.line]):
        return Broken(mark.line + 1, mark.column + 1, "has a tab where a line is indented", "indent with spaces")
    known = str(error.problem or "").partition(" '")[0]
    return Broken(
        mark.line + 1, mark.column + 1, f"is not YAML: {known or 'it ends here'}",
        "look at this line and the one before: indentation, quotes, a colon in a text without quotes",
    )  # fmt: skip


def _bound(text: str) -> None:
    """Refuse what would be too much, before a tree is made of it."""
    open_: list[_Part] = [_Part(None)]
    closed: dict[str, _Part] = {}
    documents = 0
    for event in cast("Iterator[yaml.Event]", yaml.parse(text, Loader=yaml.CSafeLoader)):  # pyright: ignore[reportUnknownMemberType]
        mark = event.start_mark
        match event:
            case yaml.DocumentStartEvent():
                documents += 1
                if documents > 1:
                    raise Broken(mark.line + 1, mark.column + 1, "holds a second document", "remove the line `---`")
            case yaml.AliasEvent():
                _refer(event, open_, closed)
            case yaml.ScalarEvent():
                part = _Part(event.anchor)
                open_[-1].add(part)
                closed |= {event.anchor: part} if event.anchor else {}
            case yaml.CollectionStartEvent():
                open_.append(_Part(event.anchor))
            case yaml.CollectionEndEvent():
                part = open_.pop()
                open_[-1].add(part)
                closed |= {part.anchor: part} if part.anchor else {}
            case _:
                continue
        if len(open_) + open_[-1].depth > DEEPEST:
            raise Broken(mark.line + 1, mark.column + 1, f"nests deeper than {DEEPEST} levels", "nest less")
        if open_[-1].nodes > MOST_NODES:
            raise Broken(
                mark.line + 1,
                mark.column + 1,
                f"holds more than {MOST_NODES:,} values",
                "keep what is used, repeat less",
            )


class _Part:
    """A value: how many there are in it, itself included, and how deep."""

    def __init__(self, anchor: str | None) -> None:
        self.anchor, self.nodes, self.depth = anchor, 1, 0

    def add(self, part: _Part) -> None:
        self.nodes += part.nodes
        self.depth = max(self.depth, part.depth + 1)


def _refer(event: yaml.AliasEvent, open_: list[_Part], closed: dict[str, _Part]) -> None:
    mark = event.start_mark
    if any(part.anchor == event.anchor for part in open_):
        raise Broken(mark.line + 1, mark.column + 1, "has an alias that contains itself", "write the value out")
    if (part := closed.get(event.anchor)) is None:
        raise Broken(mark.line + 1, mark.column + 1, "has an alias without an anchor above it", "quote a text with *")
    open_[-1].add(part)

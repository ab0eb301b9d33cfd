"""One statement through the server's own grammar: its tree or why there is none, and its fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pglast import parser

from assay.workload.statements.tree import Node


class Token(NamedTuple):
    """One token of a statement; `text[start:end]` is its text."""

    start: int
    end: int
    name: str
    """The grammar's: "IDENT", "PARAM", "SCONST", "SELECT", "ASCII_44" for a comma."""
    kind: str
    """"RESERVED_KEYWORD", "UNRESERVED_KEYWORD", "COL_NAME_KEYWORD", "TYPE_FUNC_NAME_KEYWORD", "NO_KEYWORD"."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A statement's tree, or why it has none; never both."""

    text: str
    tree: Node | None
    error: str | None = None
    """In words, with the place: "syntax error at or near "FORM" (character 15)"."""


def parse(text: str) -> Parsed:
    """Parse one statement; what cannot be parsed is a value, not an exception."""
    try:
        found = parser.parse_sql(text)
    except parser.ParseError as error:
        return Parsed(text, None, _reason(error))
    except (ValueError, UnicodeError, RecursionError) as error:
        return Parsed(text, None, f"the text cannot be parsed: {error}")
    if len(found) != 1:
        return Parsed(text, None, "there is no statement in it" if not found else f"it holds {len(found)} statements")
    tree = found[0].stmt
    return Parsed(text, tree) if tree is not None else Parsed(text, None, "there is no statement in it")


def _reason(error: parser.ParseError) -> str:
    message, place = (*error.args, None, None)[:2]
    return f"{message} (character {place + 1})" if isinstance(place, int) else f"{message}"


def fingerprint(text: str) -> str:
    """Return pg_query's fingerprint, 16 hexadecimal digits; literals, aliases of parameters and layout do not matter.

    A text the grammar refuses (cut off, or of a newer server) gets "u" and 15 digits over its tokens without
    their constants, so its variants still share one.
    """
    try:
        return parser.fingerprint(text)
    except (parser.ParseError, ValueError, UnicodeError):
        found = tokens(text)
        shape = " ".join(_shape(text, token) for token in found) if found else " ".join(text.split())
        return "u" + hashlib.sha256(shape.encode("utf-8", "surrogatepass")).hexdigest()[:15]


_CONSTANTS = frozenset({"SCONST", "USCONST", "ICONST", "FCONST", "BCONST", "XCONST", "PARAM"})
_COMMENTS = frozenset({"SQL_COMMENT", "C_COMMENT"})


def _shape(text: str, token: Token) -> str:
    if token.name in _CONSTANTS:
        return "?"
    if token.name in _COMMENTS:
        return ""
    return text[token.start : token.end] if token.name == "IDENT" else token.name


def tokens(text: str) -> tuple[Token, ...]:
    """Return the scanner's tokens, comments included; empty when it gives up (an unclosed quote)."""
    try:
        found = parser.scan(text)
    except (parser.ParseError, ValueError, UnicodeError):
        return ()
    return tuple(Token(token.start, token.end + 1, token.name, token.kind) for token in found)


def substitute(text: str, replacements: Mapping[int, str]) -> str:
    """Return the text with `$n` replaced by other SQL, found by the scanner, so strings and comments stay."""
    if not replacements:
        return text
    parts: list[str] = []
    at = 0
    for token in tokens(text):
        if token.name == "PARAM" and (number := int(text[token.start + 1 : token.end])) in replacements:
            parts += (text[at : token.start], replacements[number])
            at = token.end
    return "".join(parts) + text[at:]


def without_literals(text: str) -> tuple[str, dict[int, str]]:
    """Return the text without comments and with a `$n` for every literal, and what each of these stands for.

    `substitute` puts the literals back. The numbers follow those that the text has.
    """
    found = tokens(text)
    number = max((int(text[token.start + 1 : token.end]) for token in found if token.name == "PARAM"), default=0)
    literals: dict[int, str] = {}
    parts: list[str] = []
    at = 0
    for token in found:
        if token.name in _COMMENTS:
            parts += (text[at : token.start], " ")
        elif token.name in _CONSTANTS and token.name != "PARAM":
            number += 1
            literals[number] = text[token.start : token.end]
            parts += (text[at : token.start], f"${number}")
        else:
            continue
        at = token.end
    return "".join(parts) + text[at:], literals

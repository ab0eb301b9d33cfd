"""What can be said of a text before it is parsed: no hidden characters, nothing left open, no comment that runs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal, NamedTuple

from assay.ask.graph import Dialect
from assay.ask.guard.model import Violation

LONGEST = 100_000
"""Bytes of a statement, as UTF-8."""
DEEPEST = 64
"""Brackets within brackets."""

Kind = Literal["code", "string", "name", "comment"]

# Direction overrides and isolates, zero-width characters, joiners and the byte order mark: they change what a
# person reads, not what a server runs.
_HIDDEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_WORD = re.compile(r"[^\W\d]\w*")
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC")
# Letters of other scripts that look like a Latin one; only those that keywords could be spelled with.
_LOOKS = str.maketrans(
    "АВСЕНІЈКМОРЅТХУаеіјорсухѕһԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧαινορυχԌӀɡıօⅼ",
    "ABCEHIJKMOPSTXYaeijopcyxshdqwABEZHIKMNOPTYXaivopuxGIgiol",
)
_MARK = re.compile(r"['\"`\[$/#-]")
"""What anything but code begins with."""
_ODD = re.compile(r"[^\t\n\r -~]")
_BRACKET = re.compile(r"[()\[\]]")
_DOLLAR = re.compile(r"\$(?:[^\W\d]\w*)?\$")


class Piece(NamedTuple):
    """A run of a text: code, or one literal, quoted name or comment with its marks."""

    kind: Kind
    start: int
    end: int
    closed: bool = True


def pieces(text: str, dialect: Dialect, *, backslash: bool | None = None) -> Iterator[Piece]:
    """Split a text as the server's own scanner does.

    Args:
        text: any text.
        dialect: whose rules hold.
        backslash: whether a backslash escapes in a plain string; None: as the server does by default.
    """
    escapes = dialect == "mysql" if backslash is None else backslash
    at = begin = 0
    while mark := _MARK.search(text, at):
        at = mark.start()
        found = _piece(text, at, dialect, escapes)
        if found is None:
            at += 1
            continue
        if begin < at:
            yield Piece("code", begin, at)
        yield found
        at = begin = found.end
    if begin < len(text):
        yield Piece("code", begin, len(text))


def _piece(text: str, at: int, dialect: Dialect, escapes: bool) -> Piece | None:
    """The literal, quoted name or comment that begins at a place, or None."""
    mark, two = text[at], text[at : at + 2]
    if mark == "'":
        before = text[at - 1 : at] if at else ""
        own = dialect == "postgres" and before in ("e", "E") and not _word_before(text, at - 1)
        return _until(text, at, mark, "string", escapes or own)
    if mark == '"':
        return _until(text, at, mark, "string", escapes) if dialect == "mysql" else _until(text, at, mark, "name")
    if mark == "`" and dialect != "postgres":
        return _until(text, at, mark, "name")
    if mark == "[" and dialect == "sqlite":
        end = text.find("]", at)
        return Piece("name", at, end + 1) if end >= 0 else Piece("name", at, len(text), False)
    if mark == "$" and dialect == "postgres" and not _word_before(text, at):
        return _dollar(text, at)
    if two == "/*":
        return _comment(text, at, nests=dialect == "postgres")
    if two == "--" and (dialect != "mysql" or text[at + 2 : at + 3] in ("", " ", "\t", "\n", "\r")):
        return _line(text, at)
    return _line(text, at) if mark == "#" and dialect == "mysql" else None


def _word_before(text: str, at: int) -> bool:
    return at > 0 and (text[at - 1].isalnum() or text[at - 1] in "_$" or ord(text[at - 1]) > 127)


def _until(text: str, at: int, mark: str, kind: Kind, escapes: bool = False) -> Piece:
    place = at + 1
    while place < len(text):
        if escapes and text[place] == "\\":
            place += 2
        elif text[place] != mark:
            place += 1
        elif text[place : place + 2] == mark * 2:
            place += 2
        else:
            return Piece(kind, at, place + 1)
    return Piece(kind, at, len(text), False)


def _dollar(text: str, at: int) -> Piece | None:
    mark = _DOLLAR.match(text, at)
    if mark is None:
        return None
    end = text.find(mark[0], mark.end())
    return Piece("string", at, end + len(mark[0])) if end >= 0 else Piece("string", at, len(text), False)


def _comment(text: str, at: int, *, nests: bool) -> Piece:
    depth, place = 1, at + 2
    while place < len(text):
        two = text[place : place + 2]
        if two == "*/":
            depth, place = depth - 1, place + 2
            if depth == 0:
                return Piece("comment", at, place)
        elif two == "/*" and nests:
            depth, place = depth + 1, place + 2
        else:
            place += 1
    return Piece("comment", at, len(text), False)


def _line(text: str, at: int) -> Piece:
    end = text.find("\n", at)
    return Piece("comment", at, end if end >= 0 else len(text))


def check_raw(
    text: str, dialect: Dialect, known: frozenset[str] = frozenset(), keywords: frozenset[str] = frozenset()
) -> list[Violation]:
    """Say what is wrong with a text as a text.

    Args:
        text: the statement.
        dialect: whose scanner will read it.
        known: names of the schema in lower case; their words may be of any script.
        keywords: words of the dialect, in capitals, that a look-alike may not stand for.
    """
    whole = _whole(text)
    if whole:
        return whole
    found: list[Violation] = []
    depth = 0
    for piece in pieces(text, dialect):
        part = text[piece.start : piece.end]
        if not piece.closed:
            found.append(_at(text, "raw.unterminated", f"a {piece.kind} is not closed", piece.start, piece.end))
        if piece.kind == "comment" and part.startswith(("/*!", "/*M!", "/*m!", "/*+")):
            found.append(_at(text, "raw.executable_comment", "a comment that a server runs", piece.start, piece.end))
        if piece.kind == "comment" and dialect != "postgres" and "/*" in part[2:] and part.startswith("/*"):
            found.append(_at(text, "raw.nested_comment", "comments do not nest here", piece.start, piece.end))
        if piece.kind != "string" and (hidden := _HIDDEN.search(part)):
            place = piece.start + hidden.start()
            found.append(_at(text, "raw.hidden_character", "an invisible or direction character", place, place + 1))
        if piece.kind == "code":
            found += _code(text, piece, known, keywords)
            for bracket in _BRACKET.findall(part):
                depth += 1 if bracket in "([" else -1
                if depth > DEEPEST:
                    return [
                        *found,
                        _at(text, "raw.depth", f"more than {DEEPEST} brackets deep", piece.start, piece.end),
                    ]
    return found


def _whole(text: str) -> list[Violation]:
    if not text.strip():
        return [Violation("raw.empty", "there is no statement in it")]
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        return [_at(text, "raw.encoding", "half of a character (a lone surrogate)", error.start, error.end)]
    if size > LONGEST:
        return [Violation("raw.length", f"{size} bytes; at most {LONGEST} are read")]
    if (place := text.find("\0")) >= 0:
        return [_at(text, "raw.nul", "a NUL character, at which a server may stop reading", place, place + 1)]
    if bare := re.search(r"\r(?!\n)", text):
        return [_at(text, "raw.bare_cr", "a carriage return without a newline", bare.start(), bare.end())]
    return []


def _code(text: str, piece: Piece, known: frozenset[str], keywords: frozenset[str]) -> Iterator[Violation]:
    for odd in _ODD.finditer(text, piece.start, piece.end):
        mark, place = odd[0], odd.start()
        if mark < " " or mark == "\x7f":
            yield _at(text, "raw.control", "a control character outside of a string", place, place + 1)
        elif mark > "\x7f" and not _HIDDEN.match(mark) and unicodedata.category(mark)[0] not in "LMN":
            yield _at(text, "raw.symbol", "a sign outside of ASCII and outside of a string", place, place + 1)
    for word in _WORD.finditer(text, piece.start, piece.end):
        if not word[0].isascii() and word[0].lower() not in known and _look_alike(word[0], keywords):
            message = "a word that looks like another one; put a name of many scripts in quotes"
            yield _at(text, "raw.homoglyph", message, word.start(), word.end())


def _look_alike(word: str, keywords: frozenset[str]) -> bool:
    """Whether a word mixes scripts, or reads like a keyword though it is none."""
    scripts = {
        script
        for mark in word
        if mark.isalpha()
        for script in _SCRIPTS
        if unicodedata.name(mark, "").startswith(script)
    }
    plain = unicodedata.normalize("NFKC", word)
    read = plain.translate(_LOOKS).upper()
    return len(scripts) > 1 or (plain != word and plain.isascii()) or not keywords.isdisjoint({read, word.upper()})


def _at(text: str, code: str, message: str, start: int, end: int) -> Violation:
    return Violation(code, message, text[start:end][:120].encode(errors="replace").decode(), start, end)

"""A statement laid out for reading, token by token, so that nothing of it changes but the space between."""

from __future__ import annotations

from dataclasses import dataclass, field

from assay.workload.plan_model import Span, SqlText, Tone
from assay.workload.statements.parse import Token, tokens
from assay.workload.statements.words import is_word, tone

_MARGIN = 7
"""Where the body of a clause begins: as wide as "SELECT " ."""
_WIDTH = 96
"""A list breaks after the comma that follows this column."""
_CLAUSES = frozenset({
    "SELECT", "FROM", "WHERE", "GROUP_P", "HAVING", "ORDER", "LIMIT", "OFFSET", "UNION", "INTERSECT", "EXCEPT",
    "VALUES", "SET", "RETURNING", "WINDOW", "FETCH", "FOR", "WITH", "INSERT", "UPDATE", "DELETE_P", "MERGE", "USING",
})  # fmt: skip
_JOINS = frozenset({"JOIN", "LEFT", "RIGHT", "FULL", "INNER_P", "CROSS", "NATURAL"})
_JOIN_PARTS = _JOINS | {"OUTER_P"}
_ENDS_LIST = frozenset({"FROM", "INTO", "UNION", "INTERSECT", "EXCEPT", "ASCII_59"})
_QUERY = frozenset({"SELECT", "WITH", "VALUES", "INSERT", "UPDATE", "DELETE_P"})
_COMPARISONS = frozenset({"ASCII_61", "ASCII_60", "ASCII_62", "LESS_EQUALS", "GREATER_EQUALS", "NOT_EQUALS"})
_SPACED = _COMPARISONS | {"ASCII_44", "C_COMMENT"}
"""A space follows them even where the text has none."""


@dataclass(slots=True)
class _Level:
    """One pair of parentheses, or the whole."""

    query: bool
    indent: int
    close: int = 0
    """Where its closing parenthesis stands."""
    clause: str = ""
    between: int = 0
    cases: int = 0


@dataclass(slots=True)
class _Page:
    """What has been written."""

    spans: list[tuple[str, Tone]] = field(default_factory=list[tuple[str, Tone]])
    column: int = 0
    indent: int = 0
    """Of the line that is being written."""

    def put(self, text: str, tone: Tone = "plain") -> None:
        if self.spans and self.spans[-1][1] == tone:
            self.spans[-1] = (self.spans[-1][0] + text, tone)
        elif text:
            self.spans.append((text, tone))
        line = text.rpartition("\n")
        self.column = len(line[2]) + (0 if line[1] else self.column)

    def line(self, indent: int) -> None:
        if self.spans:
            self.put("\n")
        self.put(" " * indent)
        self.indent = indent

    def done(self) -> SqlText:
        spans = tuple(Span(text=text, tone=tone) for text, tone in self.spans)
        return SqlText(text="".join(span.text for span in spans), spans=spans)


def plain(text: str) -> SqlText:
    """Return a text as it is, without tones."""
    return SqlText(text=text, spans=(Span(text=text, tone="plain"),) if text else ())


def layout(text: str) -> SqlText:
    """Lay a statement out on lines, a clause each, words of the language in capitals; the tokens stay the same.

    A text that the scanner gives up on (cut off inside a quote) comes back as it is.
    """
    found = tokens(text)
    if not found:
        return plain(text)
    page, levels = _Page(), [_Level(True, 0)]
    for place, token in enumerate(found):
        body = text[token.start : token.end]
        tone_ = tone(found, place)
        _arrange(page, levels, found, place, text)
        if token.name == "ASCII_40":
            query = place + 1 < len(found) and found[place + 1].name in _QUERY and is_word(found, place + 1)
            query = query and not (found[place + 1].name == "VALUES" and levels[-1].clause == "INSERT")
            levels.append(_Level(query, page.indent + 2 if query else levels[-1].indent, page.indent))
        elif token.name == "ASCII_41" and len(levels) > 1:
            levels.pop()
        page.put(body.upper() if tone_ == "keyword" else body, tone_)
    return page.done()


def _arrange(page: _Page, levels: list[_Level], found: tuple[Token, ...], place: int, text: str) -> None:
    """Write the space before a token: a new line, or the least that is needed."""
    token, level = found[place], levels[-1]
    before = found[place - 1] if place else None
    if before is not None and before.name == "SQL_COMMENT":
        page.line(level.indent + _MARGIN if level.clause else level.indent)
        return
    if token.name == "ASCII_41" and level.query and len(levels) > 1:
        page.line(level.close)
        return
    if level.query and is_word(found, place) and _breaks(page, level, found, place):
        return
    if before is None:
        return
    if before.name == "ASCII_44" and page.column > _WIDTH:
        page.line(level.indent + _MARGIN)
        return
    if _padded(page, level, before, found, place):
        return
    if before.end < token.start or before.name in _SPACED or token.name in _COMPARISONS:
        page.put(" ")


def _padded(page: _Page, level: _Level, before: Token, found: tuple[Token, ...], place: int) -> bool:
    """Pad after the clause's word, so that bodies stand in one column."""
    if not level.query or not is_word(found, place - 1) or before.name != level.clause:
        return False
    at = page.column - level.indent
    if (
        before.name in ("SELECT", "FROM", "WHERE", "SET", "LIMIT", "VALUES", "USING", "HAVING", "OFFSET")
        and at <= _MARGIN
    ):
        page.put(" " * max(1, _MARGIN - at))
        return True
    return False


def _breaks(page: _Page, level: _Level, found: tuple[Token, ...], place: int) -> bool:
    """Begin a new line where a clause, a join or an ANDed condition begins; True when the space is written."""
    token = found[place]
    before = found[place - 1].name if place else ""
    if token.name == "CASE":
        level.cases += 1
    elif token.name == "END_P":
        level.cases -= 1
    elif token.name == "BETWEEN":
        level.between += 1
    elif token.name in ("AND", "OR") and level.cases <= 0:
        if token.name == "AND" and level.between:
            level.between -= 1
            return False
        if level.clause in ("WHERE", "HAVING", "ON"):
            page.line(level.indent + (4 if level.clause == "ON" else 2))
            return True
    if token.name in _JOINS and before not in _JOIN_PARTS and level.clause in ("FROM", "ON", "USING"):
        level.clause = "ON"
        page.line(level.indent + 2)
        return True
    if token.name == "WHEN" and level.clause in ("MERGE", "USING", "THEN", "SET", "VALUES") and level.cases <= 0:
        level.clause = "THEN"
        page.line(level.indent)
        return True
    following = found[place + 1].name if place + 1 < len(found) else ""
    if token.name not in _CLAUSES or level.cases > 0 or following == "TIME":
        return False
    return _begins(page, level, token.name, before)


def _begins(page: _Page, level: _Level, word: str, before: str) -> bool:
    stays = (
        (word == "FROM" and before in ("DELETE_P", "DISTINCT"))
        or (word == "UPDATE" and before in ("FOR", "KEY", "DO"))
        or (word == "USING" and level.clause != "DELETE_P" and level.clause != "MERGE")
        or (word in ("WITH", "INSERT", "UPDATE", "DELETE_P", "SET") and before in ("THEN", "UPDATE", "AS"))
        or (word == "FOR" and level.clause == "SELECT")
        or (level.clause == "THEN" and word in ("VALUES", "SET"))
    )
    first = not level.clause
    if not (stays and level.clause in ("DELETE_P", "THEN")):
        level.clause = word
    if stays:
        return False
    if first and (not page.spans or before == "ASCII_40"):
        if page.spans:
            page.line(level.indent)
        return True
    page.line(level.indent)
    return True


def fold(text: str) -> SqlText:
    """Write a statement on one line: select lists, long lists of values and of columns folded to `…`, no comments."""
    found = tuple(token for token in tokens(text) if token.name not in ("SQL_COMMENT", "C_COMMENT"))
    if not found:
        return plain(" ".join(text.split()))
    skipped = _folded(found, text)
    page = _Page()
    before: Token | None = None
    for place, token in enumerate(found):
        if token.name == "ASCII_59":
            continue
        note = skipped.get(place)
        if note == "":
            before = token
            continue
        near = before is not None and before.end >= token.start and before.name not in _SPACED
        if before is not None and page.column and (not near or token.name in _COMPARISONS):
            page.put(" ")
        if note is not None:
            page.put(note)
        else:
            body, tone_ = text[token.start : token.end], tone(found, place)
            page.put(" ".join((body.upper() if tone_ == "keyword" else body).split("\n")), tone_)
        before = token
    return page.done()


def _folded(found: tuple[Token, ...], text: str) -> dict[int, str]:
    """Say for each token that goes what stands in its place: "…" once, "" for the rest."""
    gone: dict[int, str] = {}
    for place, token in enumerate(found):
        if token.name == "SELECT" and is_word(found, place) and gone.get(place) is None:
            _fold_select(found, place, text, gone)
        elif token.name == "ASCII_40" and gone.get(place) is None:
            _fold_list(found, place, gone)
    return gone


def _fold_select(found: tuple[Token, ...], place: int, text: str, gone: dict[int, str]) -> None:
    end = _end_of_list(found, place + 1)
    start = place + 1
    if start < end and found[start].name == "DISTINCT":
        start += 1
    if end <= start or (end >= len(found) and not place):
        return
    length = found[end - 1].end - found[start].start
    commas = any(found[i].name == "ASCII_44" for i in range(start, end))
    if (length <= 24 and (place > 0 or not commas)) and not (place == 0 and length > 12):
        return
    depth, keep = 0, 0
    first = True
    for i in range(start, end):
        name = found[i].name
        if name == "ASCII_40":
            depth += 1
            if not keep and i + 1 < end and found[i + 1].name == "SELECT":
                keep = depth
        if not keep:
            gone[i] = "…" if first else ""
            first = False
        if name == "ASCII_41":
            if keep == depth:
                keep = 0
            depth -= 1


def _end_of_list(found: tuple[Token, ...], start: int) -> int:
    """Return the place of the FROM that ends a select list, or of what closes it."""
    depth = 0
    for i in range(start, len(found)):
        name = found[i].name
        if name == "ASCII_40":
            depth += 1
        elif name == "ASCII_41":
            depth -= 1
            if depth < 0:
                return i
        elif depth == 0 and name in _ENDS_LIST and not (found[i - 1].name == "DISTINCT" and name == "FROM"):
            return i
    return len(found)


def _fold_list(found: tuple[Token, ...], opened: int, gone: dict[int, str]) -> None:
    """Fold the columns of INSERT and all but the first of more than three listed values."""
    closed, depth, commas, simple = opened + 1, 0, list[int](), True
    while closed < len(found) and (depth or found[closed].name != "ASCII_41"):
        name = found[closed].name
        depth += (name == "ASCII_40") - (name == "ASCII_41")
        if name == "ASCII_44" and not depth:
            commas.append(closed)
        simple = simple and name != "SELECT"
        closed += 1
    if not simple or closed >= len(found):
        return
    if opened >= 2 and any(found[opened - back].name == "INTO" for back in (2, 4) if opened >= back) and commas:
        gone |= dict.fromkeys(range(opened + 1, closed), "")
        gone[opened + 1] = "…"
    elif len(commas) > 2 and found[opened - 1].name in ("IN_P", "VALUES", "ANY"):
        gone |= dict.fromkeys(range(commas[0] + 1, closed), "")
        gone[commas[0] + 1] = "…"

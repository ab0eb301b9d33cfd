"""Which tokens of a statement are words of the language here, and which are names; the tones for reading follow."""

from __future__ import annotations

from assay.workload.plan_model import Tone
from assay.workload.statements.parse import Token

_AFTER: dict[str, frozenset[str]] = {
    "BY": frozenset({"GROUP_P", "ORDER", "PARTITION"}),
    "RECURSIVE": frozenset({"WITH"}),
    "FIRST_P": frozenset({"NULLS_P", "NULLS_LA", "FETCH"}),
    "NEXT": frozenset({"FETCH"}),
    "ROWS": frozenset({"PARAM", "ICONST", "NEXT", "FIRST_P"}),
    "ROW": frozenset({"PARAM", "ICONST", "NEXT", "FIRST_P"}),
    "LAST_P": frozenset({"NULLS_P", "NULLS_LA"}),
    "MATERIALIZED": frozenset({"AS", "NOT"}),
    "CONFLICT": frozenset({"ON"}),
    "DO": frozenset({"ASCII_41", "CONFLICT"}),
    "NOTHING": frozenset({"DO"}),
    "MATCHED": frozenset({"WHEN", "NOT"}),
    "UPDATE": frozenset({"", "ASCII_40", "ASCII_41", "FOR", "DO", "THEN", "KEY"}),
    "INSERT": frozenset({"", "ASCII_40", "ASCII_41", "THEN"}),
    "DELETE_P": frozenset({"", "ASCII_40", "ASCII_41", "THEN"}),
    "MERGE": frozenset({"", "ASCII_40", "ASCII_41"}),
    "OVER": frozenset({"ASCII_41"}),
    "FILTER": frozenset({"ASCII_41"}),
    "ESCAPE": frozenset({"SCONST", "PARAM"}),
    "SHARE": frozenset({"FOR", "KEY"}),
    "KEY": frozenset({"FOR", "NO"}),
    "NO": frozenset({"FOR"}),
    "SKIP": frozenset({"UPDATE", "SHARE"}),
    "LOCKED": frozenset({"SKIP"}),
    "NOWAIT": frozenset({"UPDATE", "SHARE"}),
    "WITHIN": frozenset({"ASCII_41"}),
}
_BEFORE: dict[str, frozenset[str]] = {
    "PARTITION": frozenset({"BY"}),
    "NULLS_P": frozenset({"FIRST_P", "LAST_P"}),
    "NULLS_LA": frozenset({"FIRST_P", "LAST_P"}),
}
_COLUMN_WORDS = frozenset({"BETWEEN", "EXISTS", "VALUES", "INTERVAL", "MERGE_ACTION"})
_FUNCTION_LIKE = frozenset({"LEFT", "RIGHT"})
_STARTS_QUERY = frozenset({"SELECT", "WITH", "WITH_LA", "NOT", "VALUES", "NOT_LA", "MATERIALIZED"})
_NUMBERS = frozenset({"ICONST", "FCONST"})
_STRINGS = frozenset({"SCONST", "USCONST", "BCONST", "XCONST"})


def tone(tokens: tuple[Token, ...], place: int) -> Tone:
    """Return how one token reads."""
    token = tokens[place]
    if token.name == "PARAM":
        return "parameter"
    if token.name in ("SQL_COMMENT", "C_COMMENT"):
        return "comment"
    if token.name in _NUMBERS:
        return "number"
    if token.name in _STRINGS:
        return "string"
    return "keyword" if is_word(tokens, place) else "plain"


def is_word(tokens: tuple[Token, ...], place: int) -> bool:
    """Say whether a token is a word of the language where it stands, not a name that looks like one."""
    token = tokens[place]
    before = tokens[place - 1].name if place else ""
    after = tokens[place + 1].name if place + 1 < len(tokens) else ""
    if token.kind == "NO_KEYWORD" or before == "ASCII_46" or after == "ASCII_46":
        return False
    if before == "AS" and token.name not in _STARTS_QUERY:
        return False
    if token.kind == "RESERVED_KEYWORD":
        return True
    if token.kind == "TYPE_FUNC_NAME_KEYWORD":
        return token.name not in _FUNCTION_LIKE or after != "ASCII_40"
    if token.kind == "COL_NAME_KEYWORD":
        return token.name in _COLUMN_WORDS
    if token.name == "SET":
        return before not in ("ASCII_44", "SELECT", "WHERE", "AND", "OR", "BY") and after != "ASCII_61"
    return before in _AFTER.get(token.name, ()) or after in _BEFORE.get(token.name, ())

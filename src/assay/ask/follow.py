"""Makes a question that leans on an earlier one stand alone: "only those in Berlin", "what about Hamburg?"."""

from __future__ import annotations

from collections.abc import Sequence

from assay.ask.engine.link import Linker, Links, Span
from assay.ask.engine.words import Question, tokenise

_OPENS = frozenset(("only", "just", "and", "but", "also", "those", "these", "them", "now", "instead", "except",
                    "without", "sort", "order", "group", "in", "from", "with"))  # fmt: skip
"""Words that a question begins with when it goes on from another one."""
_LEANS = frozenset(("those", "these", "them", "ones", "they", "instead"))
"""Words that mean something said before, wherever they stand."""
_INSTEAD = (("what", "about"), ("how", "about"), ("and", "in"), ("and", "for"), ("and", "from"))


def standalone(linker: Linker, question: str, earlier: Sequence[str]) -> str:
    """The question as one that says all of it.

    Args:
        earlier: questions of the same conversation, oldest first; each may itself lean on the one before.
    """
    whole = ""
    for text in (*earlier, question):
        whole = _joined(linker, whole, text) if whole else text
    return whole


def _joined(linker: Linker, before: str, text: str) -> str:
    asked = tokenise(text)
    if not _leans(asked):
        return text
    new = linker.link(asked)
    if any(_begins(asked, words) for words in _INSTEAD) or "instead" in {token.low for token in asked.tokens}:
        swapped = _swapped(linker.link(tokenise(before)), new)
        if swapped is not None:
            return swapped
    return f"{before.rstrip(' ?.!')}, {text}"


def _leans(asked: Question) -> bool:
    words = [token.low for token in asked.tokens]
    if not words:
        return False
    if words[0] in ("what", "how"):
        return len(words) > 1 and words[1] == "about"
    return words[0] in _OPENS or bool(_LEANS & set(words))


def _begins(asked: Question, words: Sequence[str]) -> bool:
    return [token.low for token in asked.tokens[: len(words)]] == list(words)


def _swapped(old: Links, new: Links) -> str | None:
    """The earlier question with its value exchanged for the new one's, where both are of one column."""
    for after in new.spans:
        for before in old.spans:
            if _places(after) & _places(before):
                tokens, text = old.question.tokens, old.question.text
                start, end = tokens[before.start].start, tokens[before.end - 1].end
                return f"{text[:start]}{after.text}{text[end:]}"
    return None


def _places(span: Span) -> set[tuple[int, int]]:
    return {(one.table, one.column) for one in span.found}

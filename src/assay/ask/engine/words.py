"""Words of a question: tokens with their places, stems, numbers, and the cues that say what a phrase asks for."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?"  # an ISO date, with its time
    r"|\d{1,2}/\d{1,2}/\d{2,4}"
    r"|\d{1,3}(?:,\d{3})+(?:\.\d+)?"
    r"|\d+(?:\.\d+)?(?![\w.]*[^\W\d_])"
    r"|[^\W_]+(?:\.[^\W_]+)*(?:@[^\s]+)?"
    r"|'s\b",
)
_QUOTED = re.compile(r"(?<!\w)(['\"`“‘])(?=\S)(.+?)(?<=\S)(?:['\"`”’])(?!\w)")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)")


def _list(words: str) -> list[str]:
    return words.split()


_UNITS = _list(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
NUMBER_WORDS: dict[str, float] = {word: float(at) for at, word in enumerate(_UNITS)} | {
    "thirty": 30.0, "forty": 40.0, "fifty": 50.0, "sixty": 60.0, "seventy": 70.0, "eighty": 80.0, "ninety": 90.0,
    "hundred": 100.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "once": 1.0, "twice": 2.0,
}  # fmt: skip
_SCALES = {"hundred": 100.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "k": 1e3, "m": 1e6}

STOP = frozenset(_list(
    "a an the of in on at to for and or is are was were be been do does did has have had with by from as that which "
    "what who whom whose where when how many much there their its it this these those all any each every list show "
    "find give return tell me us i you please can could would will name names s not no than more most less least "
    "also both either other also them they he she his her then but if so such some only ever get display count "
    "number total average maximum minimum sort sorted order ordered descending ascending"
))  # fmt: skip
"""Words that match a name only weakly, since every question has them."""

_CUE_WORDS: dict[str, str] = {
    "ask": "what which who list show find give return tell display report whose name state provide",
    "count": "many number count amount",
    "average": "average mean avg",
    "total": "total sum overall combined",
    "most": "most highest largest maximum max biggest greatest longest oldest latest best top tallest richest newest "
    "heaviest fastest recent last expensive",
    "least": "least lowest smallest minimum min fewest shortest youngest earliest worst cheapest lightest slowest "
    "lowest first bottom",
    "each": "each every per respective different corresponding grouped group",
    "order": "order ordered sort sorted alphabetical alphabetically ascending descending rank ranked lexicographic "
    "lexicographical decreasing increasing",
    "down": "descending decreasing reverse desc",
    "more": "more over above greater older larger higher longer later after exceed exceeds exceeding bigger beyond "
    "heavier taller",
    "less": "less below under fewer smaller younger lower shorter earlier before lighter cheaper",
    "with": "whose with where having have has in from who that had when for",
    "negation": "not no never without n't don doesn didn neither except excluding exclude isn aren other",
    "also": "both also and as well",
    "either": "or either",
    "like": "contain contains containing include includes including start starts starting begin begins end ends "
    "substring letter word like prefix",
    "range": "between range",
    "distinct": "different distinct unique various",
}
CUES: dict[str, tuple[str, ...]] = {}
for _cue, _words in _CUE_WORDS.items():
    for _word in _words.split():
        CUES[_word] = (*CUES.get(_word, ()), _cue)
CUE_NAMES: tuple[str, ...] = tuple(_CUE_WORDS)


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number or date of a question."""

    text: str
    low: str
    stem: str
    start: int
    """Offset of its first character in the question."""
    end: int
    number: float | None = None
    quoted: int = -1
    """Which quotation it stands in; -1: none."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question taken apart."""

    text: str
    tokens: tuple[Token, ...]
    quotes: tuple[tuple[int, int, str], ...]
    """First token, one past the last, and the text between the quotation marks."""


def fold(text: str) -> str:
    """Lower case without accents, one space between words: the form in which texts are compared."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    if not plain.isascii():
        plain = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(plain.split())


_IRREGULAR = {
    "people": "person", "persons": "person", "men": "man", "women": "woman", "children": "child", "feet": "foot",
    "cities": "city", "countries": "country", "series": "series", "species": "species", "movies": "movie",
    "status": "status", "address": "address", "addresses": "address", "class": "class", "classes": "class",
    "ids": "id", "ages": "age", "analyses": "analysis", "news": "news", "does": "do",
    "taught": "teach", "bought": "buy", "sold": "sell", "paid": "pay", "won": "win", "wrote": "write",
    "written": "write", "born": "birth", "older": "old", "oldest": "old", "younger": "young", "youngest": "young",
    "dates": "date", "died": "death", "spent": "spend", "held": "hold", "led": "lead", "made": "make",
}  # fmt: skip


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A light stem: plural, -ed and -ing are taken off, what is left stays recognisable."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 3 or not word.isalpha():
        return word
    for suffix, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")):
        if word.endswith(suffix) and len(word) > len(suffix) + 1:
            return word[: -len(suffix)] + instead
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for suffix in ("ing", "ed"):
        rest = word[: -len(suffix)]
        if word.endswith(suffix) and len(rest) >= 3 and any(vowel in rest for vowel in "aeiouy"):
            doubled = len(rest) > 3 and rest[-1] == rest[-2] and rest[-1] not in "lsz"
            word = rest[:-1] if doubled else rest
            break
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


def name_words(name: str) -> tuple[str, ...]:
    """The stems of a table's or column's name: split at underscores, other marks and camelCase."""
    parts = re.split(r"[\W_]+", _CAMEL.sub(" ", name))
    return tuple(stem(fold(part)) for part in parts if part)


def _number(text: str) -> float | None:
    plain = text.replace(",", "")
    if plain and plain[0].isdigit() and plain.replace(".", "", 1).isdigit() and plain.isascii():
        return float(plain)
    return NUMBER_WORDS.get(text.casefold())


def tokenise(text: str) -> Question:
    """Take a question apart; offsets are into `text` as given.

    A number and its scale ("2 million") stay two tokens, of which the first carries the product."""
    spans = [(match.start(2), match.end(2)) for match in _QUOTED.finditer(text)]
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        if match.group() == "'s":
            continue
        low = fold(match.group())
        inside = next((at for at, (left, right) in enumerate(spans) if left <= match.start() < right), -1)
        number = _number(match.group())
        tokens.append(Token(match.group(), low, stem(low), match.start(), match.end(), number, inside))
    for at in range(len(tokens) - 1):
        here, scale = tokens[at], _SCALES.get(tokens[at + 1].low)
        if here.number is not None and scale and here.low not in _SCALES:
            tokens[at] = Token(here.text, here.low, here.stem, here.start, here.end, here.number * scale, here.quoted)
            last = tokens[at + 1]
            tokens[at + 1] = Token(last.text, last.low, last.stem, last.start, last.end, None, last.quoted)
    quotes: list[tuple[int, int, str]] = []
    for index, (left, right) in enumerate(spans):
        inner = [at for at, token in enumerate(tokens) if token.quoted == index]
        if inner:
            quotes.append((inner[0], inner[-1] + 1, text[left:right]))
    return Question(text, tuple(tokens), tuple(quotes))

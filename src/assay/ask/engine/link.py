"""Links between the words of a question and the tables, columns, values and numbers that they may mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from assay.ask.engine.lexicon import Lexicon
from assay.ask.engine.values import Found, ValueIndex
from assay.ask.engine.words import STOP, Question, fold, name_words, stem
from assay.ask.graph import Graph

Matches = dict[str, list[tuple[int, float]]]
_WOMEN, _MEN = ("f", "female", "woman"), ("m", "male", "man")
_GENDER = {stem(word): _WOMEN for word in ("female", "woman", "girl")} | {
    stem(word): _MEN for word in ("male", "man", "boy")
}
_LONGEST_PHRASE = 7


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a question names a table or a column."""

    cover: float = 0.0
    """How much of the name was met, 0..1; a word met by a synonym or with a typo counts less."""
    exact: float = 0.0
    """Share of the name's words that stand in the question as they are."""
    start: int = -1
    """First token; -1: not named."""
    end: int = -1
    words: int = 0
    """How many words of the name were met."""
    association: float = 0.0
    associated: int = -1
    """The token that is associated."""


@dataclass(frozen=True, slots=True)
class Span:
    """A phrase that may be a value: of which columns, or a number, or a quotation that no column holds."""

    start: int
    end: int
    text: str
    found: tuple[Found, ...] = ()
    number: float | None = None
    quoted: bool = False
    upper: float | None = None
    """The other end of a range, "between 3 and 5"."""


@dataclass(frozen=True, slots=True)
class Links:
    """What was linked: one mention for every table and every column, and the spans of values."""

    question: Question
    tables: tuple[Mention, ...]
    columns: tuple[tuple[Mention, ...], ...]
    spans: tuple[Span, ...]


class Linker:
    """Holds what linking needs of one database, so that a question costs a millisecond."""

    def __init__(self, graph: Graph, values: ValueIndex, lexicon: Lexicon) -> None:
        self.graph = graph
        self.values = values
        self.lexicon = lexicon
        self.table_names = [_variants(table.name, table.words, table.comment, ()) for table in graph.tables]
        self.column_names = [
            [
                _variants(column.name, column.words, column.comment, self.table_names[at][0][1])
                for column in table.columns
            ]
            for at, table in enumerate(graph.tables)
        ]
        names = [self.table_names, *self.column_names]
        self.vocabulary = {word for group in names for variants in group for _, words in variants for word in words}
        self._long = sorted(word for word in self.vocabulary if len(word) >= 4)
        self._gender = {
            (table, column)
            for table, of_table in enumerate(self.column_names)
            for column, variants in enumerate(of_table)
            if {"sex", "gender"} & set(variants[0][1])
        }

    def link(self, question: Question) -> Links:
        """Find every mention."""
        matches = self._matches(question)
        associated = self._associated(question)
        tables = tuple(_mention(variants, matches, associated) for variants in self.table_names)
        columns = tuple(
            tuple(_mention(variants, matches, associated) for variants in of_table) for of_table in self.column_names
        )
        return Links(question, tables, columns, tuple(self._spans(question)))

    def _matches(self, question: Question) -> Matches:
        """Name stem -> tokens that stand for it, with weights."""
        best: dict[tuple[str, int], float] = {}

        def add(word: str, at: int, weight: float) -> None:
            if word in self.vocabulary and weight > best.get((word, at), 0.0):
                best[word, at] = weight

        tokens = question.tokens
        stems = [token.stem for token in tokens]
        for at, token in enumerate(tokens):
            if token.quoted >= 0:
                continue
            add(token.stem, at, 0.7 if token.low in STOP and token.low not in ("name", "names") else 1.0)
            if at + 1 < len(tokens):
                add(stem(token.low + tokens[at + 1].low), at, 0.95)
            for size in (1, 2, 3):
                for target, weight in self.lexicon.phrases.get(" ".join(stems[at : at + size]), ()):
                    if at + size <= len(tokens):
                        for word in target.split():
                            add(word, at, weight)
            if len(token.stem) >= 4 and token.number is None and token.low not in STOP:
                self._near(token.stem, at, add)
        matches: Matches = {}
        for (word, at), weight in sorted(best.items(), key=lambda item: item[0][1]):
            matches.setdefault(word, []).append((at, weight))
        return matches

    def _near(self, word: str, at: int, add: Callable[[str, int, float], None]) -> None:
        """Typos and abbreviations of one word."""
        if word not in self.vocabulary:
            for near, score, _ in process.extract(word, self._long, scorer=fuzz.ratio, score_cutoff=82, limit=3):
                add(near, at, 0.85 * score / 100)
        for size in range(3, len(word)):
            add(word[:size], at, 0.4 + 0.5 * size / len(word))
        for near in self._long:
            if len(near) > len(word) >= 5 and near.startswith(word):
                add(near, at, 0.4 + 0.5 * len(word) / len(near))

    def _associated(self, question: Question) -> dict[str, tuple[float, int]]:
        found: dict[str, tuple[float, int]] = {}
        for at, token in enumerate(question.tokens):
            for word, weight in self.lexicon.associations.get(token.stem, {}).items():
                if weight > found.get(word, (0.0, -1))[0]:
                    found[word] = (weight, at)
        return found

    def _spans(self, question: Question) -> list[Span]:
        tokens = question.tokens
        spans: list[Span] = []
        for start, end, text in question.quotes:
            found = self.values.exact(text) or self.values.fuzzy(text)
            number = tokens[start].number if end == start + 1 else None
            spans.append(Span(start, end, text, tuple(found), number, quoted=True))
        taken = {at for span in spans for at in range(span.start, span.end)}
        for size in range(min(_LONGEST_PHRASE, len(tokens)), 0, -1):
            for start in range(len(tokens) - size + 1):
                places = range(start, start + size)
                if taken.isdisjoint(places) and (span := self._value(question, start, start + size)):
                    spans.append(span)
                    taken.update(places)
        spans.extend(self._misspelt(question, taken))
        for at, token in enumerate(tokens):
            if at not in taken and (token.number is not None or token.low[:1].isdigit()):
                spans.append(Span(at, at + 1, token.text, (), token.number))
        return _ranges(question, sorted(spans, key=lambda span: span.start))

    def _value(self, question: Question, start: int, end: int) -> Span | None:
        tokens = question.tokens[start:end]
        if tokens[0].low in ("the", "of", "in", "a", "and") or all(token.low in STOP for token in tokens):
            return None
        text = question.text[tokens[0].start : tokens[-1].end]
        found = list(self.values.exact(text))
        if len(tokens) == 1:
            kept = {(one.table, one.column) for one in found}
            for other in _GENDER.get(tokens[0].stem, ()):
                found.extend(
                    one for one in self.values.exact(other)
                    if (one.table, one.column) in self._gender and (one.table, one.column) not in kept
                )  # fmt: skip
        if not found:
            return None
        return Span(start, end, text, tuple(found), tokens[0].number if len(tokens) == 1 else None)

    def _misspelt(self, question: Question, taken: set[int]) -> list[Span]:
        """Capitalised runs inside the sentence that no column holds as they stand."""
        tokens = question.tokens
        spans: list[Span] = []
        at = 1
        while at < len(tokens):
            end = at
            while end < len(tokens) and end not in taken and tokens[end].text[:1].isupper():
                end += 1
            if end > at:
                text = question.text[tokens[at].start : tokens[end - 1].end]
                known = all(token.stem in self.vocabulary for token in tokens[at:end])
                found = () if known else self.values.fuzzy(text)
                if found or not known:
                    spans.append(Span(at, end, text, tuple(found)))
                    taken.update(range(at, end))
            at = max(end, at + 1)
        return spans


def _ranges(question: Question, spans: list[Span]) -> list[Span]:
    """Join "between 3 and 5" and "from 3 to 5" into one span."""
    joined: list[Span] = []
    for span in spans:
        before = joined[-1] if joined else None
        if (
            before is not None
            and before.number is not None
            and span.number is not None
            and before.upper is None
            and span.start == before.end + 1
            and (question.tokens[before.start - 1].low if before.start else "") in ("between", "from")
        ):
            text = question.text[question.tokens[before.start].start : question.tokens[span.end - 1].end]
            joined[-1] = Span(before.start, span.end, text, (), before.number, False, span.number)
        else:
            joined.append(span)
    return joined


def _variants(name: str, words: str, comment: str, table: tuple[str, ...]) -> list[tuple[float, tuple[str, ...]]]:
    """The ways in which a name may be said, with what each is worth: in words, as written, less its table's name."""
    primary = name_words(words) if words else name_words(name)
    found = [(1.0, primary or (fold(name),))]
    raw = name_words(name)
    if raw and raw != primary:
        found.append((0.97, raw))
    rest = tuple(word for word in primary if word not in table)
    if rest and table and len(rest) < len(primary) and rest != ("id",):
        found.append((0.96, rest))
    said = tuple(stem(fold(word)) for word in comment.split()[:6] if fold(word) not in STOP)
    if said:
        found.append((0.8, said))
    return found


def _mention(
    variants: list[tuple[float, tuple[str, ...]]], matches: Matches, associated: dict[str, tuple[float, int]]
) -> Mention:
    best = Mention()
    for worth, words in variants:
        hits = [(at, place, weight) for place, word in enumerate(words) for at, weight in matches.get(word, ())]
        for anchor, _, _ in hits:
            met: dict[int, tuple[float, int]] = {}
            for at, place, weight in hits:
                if anchor <= at <= anchor + len(words) and weight > met.get(place, (0.0, 0))[0]:
                    met[place] = (weight, at)
            cover = worth * sum(weight for weight, _ in met.values()) / len(words)
            if cover > best.cover + 1e-9:
                exact = sum(weight >= 0.7 for weight, _ in met.values()) / len(words)
                end = max(at for _, at in met.values()) + 1
                best = Mention(cover, exact, anchor, end, len(met))
    strength, at = max((associated.get(word, (0.0, -1)) for word in variants[0][1]), default=(0.0, -1))
    if strength:
        return Mention(best.cover, best.exact, best.start, best.end, best.words, strength, at)
    return best

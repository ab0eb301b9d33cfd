"""What the text columns hold, so that a name in a question is known to be a value of a column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from assay.ask.engine.words import fold, stem

MOST_VALUES = 5000
"""Distinct values kept per column."""
LONGEST_VALUE = 80
"""Characters; longer texts are prose, which nobody quotes whole."""


@dataclass(frozen=True, slots=True)
class Found:
    """A value of a column that a phrase names."""

    table: int
    column: int
    value: str
    """As stored."""
    score: float
    """1: the same text; lower for other endings and for typos."""


def _loose(text: str) -> str:
    """The words' stems, marks aside."""
    words = "".join(char if char.isalnum() else " " for char in text).split()
    return " ".join(stem(word) for word in words)


def _trigrams(text: str) -> set[str]:
    padded = f" {text} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


class ValueIndex:
    """Distinct values by normalised form, by stems, and by trigrams for typos."""

    def __init__(self, columns: Mapping[tuple[int, int], Iterable[object]]) -> None:
        self.columns: dict[tuple[int, int], int] = {}
        self._texts: list[str] = []
        self._exact: dict[str, list[int]] = {}
        self._loosely: dict[str, list[int]] = {}
        self._owners: list[list[tuple[int, int, str]]] = []
        for (table, column), values in columns.items():
            kept = 0
            seen: set[str] = set()
            for value in values:
                text = "" if value is None else str(value)
                form = fold(text)
                if not form or len(form) > LONGEST_VALUE or text in seen:
                    continue
                seen.add(text)
                self._add(form, table, column, text)
                kept += 1
                if kept >= MOST_VALUES:
                    break
            self.columns[table, column] = kept
        self._postings: dict[str, NDArray[np.int32]] = self._trigram_index()

    @classmethod
    def empty(cls) -> ValueIndex:
        """The index of a database whose values may not be looked at."""
        return cls({})

    def _add(self, form: str, table: int, column: int, text: str) -> None:
        known = self._exact.get(form)
        if known is None:
            at = len(self._texts)
            self._texts.append(form)
            self._owners.append([])
            self._exact[form] = [at]
            self._loosely.setdefault(_loose(form), []).append(at)
            known = [at]
        self._owners[known[0]].append((table, column, text))

    def _trigram_index(self) -> dict[str, NDArray[np.int32]]:
        lists: dict[str, list[int]] = {}
        for at, text in enumerate(self._texts):
            if len(text) >= 4 and not text.replace(".", "").replace("-", "").isdigit():
                for gram in _trigrams(text):
                    lists.setdefault(gram, []).append(at)
        return {gram: np.asarray(places, dtype=np.int32) for gram, places in lists.items()}

    def exact(self, phrase: str) -> list[Found]:
        """Values equal to the phrase once case, accents and spaces are evened out, or equal by their words' stems."""
        form = fold(phrase)
        found = [Found(*owner, 1.0 if owner[2] == phrase else 0.97) for at in self._exact.get(form, ())
                 for owner in self._owners[at]]  # fmt: skip
        if not found:
            loose = _loose(form)
            if loose:
                found = [Found(*owner, 0.85) for at in self._loosely.get(loose, ()) for owner in self._owners[at]]
        return found

    def fuzzy(self, phrase: str, least: float = 0.82, most: int = 6) -> list[Found]:
        """Values that look like the phrase, by shared trigrams and then by edit ratio, best first."""
        form = fold(phrase)
        if len(form) < 4 or not self._postings:
            return []
        lists = [self._postings[gram] for gram in _trigrams(form) if gram in self._postings]
        if not lists:
            return []
        places, shared = np.unique(np.concatenate(lists), return_counts=True)
        best: Sequence[int] = places[np.argsort(-shared, kind="stable")[:40]].tolist()
        scored = sorted(((fuzz.ratio(form, self._texts[at]) / 100.0, at) for at in best), key=lambda pair: -pair[0])
        found: list[Found] = []
        for score, at in scored[:most]:
            if score >= least:
                found.extend(Found(*owner, score * 0.85) for owner in self._owners[at])
        return found

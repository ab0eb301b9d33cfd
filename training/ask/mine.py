"""Mines the lexicon: synonyms from pairs of wordings, associations from questions and their gold columns."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from assay.ask.engine.lexicon import Lexicon
from assay.ask.engine.words import STOP, tokenise

Pair = tuple[str, str]
"""A question, and the same with synonyms."""
Use = tuple[str, str, frozenset[str], frozenset[str]]
"""Database, question, name stems of its whole schema, name stems of the columns that the gold query uses."""


def _stems(text: str) -> list[str]:
    return [token.stem for token in tokenise(text).tokens]


def synonyms(pairs: Iterable[Pair]) -> dict[str, list[tuple[str, float]]]:
    """Phrases that stand in one wording where the other has another one; both ways, the way back worth less."""
    met: dict[str, Counter[str]] = defaultdict(Counter)
    for one, other in pairs:
        left, right = _stems(one), _stems(other)
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
            if tag == "replace" and i2 - i1 <= 3 and j2 - j1 <= 3:
                name = [word for word in left[i1:i2] if word not in STOP]
                said = right[j1:j2]
                if name and not set(said) <= STOP:
                    met[" ".join(said)][" ".join(name)] += 2
                    met[" ".join(name)][" ".join(said)] += 1
    found: dict[str, list[tuple[str, float]]] = {}
    for said, names in sorted(met.items()):
        total = sum(names.values())
        best = sorted(names.items(), key=lambda pair: (-pair[1], pair[0]))[:6]
        found[said] = [(name, round(0.5 + 0.4 * count / total, 3)) for name, count in best]
    return found


def associations(uses: Iterable[Use]) -> dict[str, dict[str, float]]:
    """Stems of questions that come with a column although the column's own words are not said."""
    offered: Counter[str] = Counter()
    used: Counter[str] = Counter()
    together: dict[tuple[str, str], set[str]] = defaultdict(set)
    hits: Counter[tuple[str, str]] = Counter()
    tries: Counter[tuple[str, str]] = Counter()
    for database, question, schema, gold in uses:
        stems = set(_stems(question))
        for name in schema - stems:
            taken = name in gold
            offered[name] += 1
            used[name] += taken
            for said in stems:
                tries[said, name] += 1
                if taken:
                    hits[said, name] += 1
                    together[said, name].add(database)
    found: dict[str, dict[str, float]] = {}
    for (said, name), count in sorted(hits.items()):
        if count < 3 or len(together[said, name]) < 2:
            continue
        base = (used[name] + 0.5) / (offered[name] + 1)
        weight = math.log((count + 4 * base) / (tries[said, name] + 4) / base)
        if weight > 0.6:
            found.setdefault(said, {})[name] = round(weight, 3)
    return {said: dict(sorted(to.items(), key=lambda pair: (-pair[1], pair[0]))[:10]) for said, to in found.items()}


def lexicon(pairs: Sequence[Pair], uses: Sequence[Use]) -> Lexicon:
    """Both maps."""
    return Lexicon(synonyms(pairs), associations(uses))

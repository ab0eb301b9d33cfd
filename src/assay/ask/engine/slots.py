"""What may stand in each place of a sketch, with its log-probability: columns by role, comparisons, tables counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from operator import itemgetter
from typing import NamedTuple, cast, get_args

import numpy as np
from numpy.typing import NDArray

from assay.ask.engine.features import Scene
from assay.ask.engine.link import Linker, Links, Span
from assay.ask.engine.rank import Model, bucket
from assay.ask.engine.sketch import HEADS, pieces, surroundings
from assay.ask.engine.words import CUES
from assay.ask.ir import Filter, Function, Operator, Ref, Scalar, Term

Floats = NDArray[np.float32]
ROLES = ("select", "aggregate", "group", "order")
_FUNCTIONS: tuple[str, ...] = get_args(Function)
_COMPARISONS: tuple[Operator, ...] = ("=", "!=", ">", "<", ">=", "<=")


class Option(NamedTuple):
    """One filling of one slot."""

    score: float
    """Log-probability, in nats."""
    terms: tuple[Term, ...] = ()
    filters: tuple[Filter, ...] = ()
    tables: int = 0
    """Bit mask of the tables that are named."""
    spans: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What the models believe of one question."""

    heads: dict[str, dict[str, float]]
    columns: dict[str, dict[tuple[int, int], float]]
    """Role -> column -> log-odds."""
    tables: list[float]
    """Log-odds that a table's rows are what is counted."""
    atoms: dict[int, list[tuple[float, int, int]]]
    """Span -> (probability, table, column), best first."""
    operators: list[dict[str, float]]


def beliefs(model: Model, scene: Scene) -> Beliefs:
    """Ask every model once."""
    found = bucket(pieces(scene.links))
    heads = {name: model.heads[name].log_probabilities(found) for name in HEADS if name != "operator"}
    columns: dict[str, dict[tuple[int, int], float]] = {}
    for role in ROLES:
        scores: list[float] = np.clip(model.trees[role].score(scene.column_rows), -7, 7).tolist()
        columns[role] = dict(zip(scene.columns, scores, strict=True))
    tables: list[float] = np.clip(model.trees["table"].score(scene.table_rows), -7, 7).tolist()
    atoms: dict[int, list[tuple[float, int, int]]] = {}
    odds = np.clip(model.trees["atom"].score(scene.atom_rows), -7, 7)
    chances: list[float] = (1.0 / (1.0 + np.exp(-odds))).tolist()
    for (span, table, column), chance in zip(scene.atoms, chances, strict=True):
        atoms.setdefault(span, []).append((chance, table, column))
    for options in atoms.values():
        options.sort(reverse=True)
    operators = [model.heads["operator"].log_probabilities(bucket(surroundings(scene.links, span)))
                 for span in scene.links.spans]  # fmt: skip
    return Beliefs(heads, columns, tables, atoms, operators)


def _mask(refs: Iterable[Ref]) -> int:
    mask = 0
    for ref in refs:
        mask |= 1 << ref.table
    return mask


class Slots:
    """Options for the slots of one question; each list is made once, and is best first."""

    def __init__(self, linker: Linker, scene: Scene, beliefs: Beliefs) -> None:
        self.linker = linker
        self.links: Links = scene.links
        self.beliefs = beliefs
        self._best = {
            role: sorted(((odds, ref) for ref, odds in odds_of.items()), key=lambda pair: (-pair[0], pair[1]))
            for role, odds_of in beliefs.columns.items()
        }
        self._base = {role: _none_of([odds for odds, _ in best]) for role, best in self._best.items()}
        self._cache: dict[tuple[str, str], list[Option]] = {}

    def select(self, kinds: str) -> list[Option]:
        """Fillings of a select part such as "c c max"."""
        if ("select", kinds) not in self._cache:
            self._cache["select", kinds] = self._select(kinds.split())
        return self._cache["select", kinds]

    def _select(self, kinds: list[str]) -> list[Option]:
        plain = self.sets("select", kinds.count("c"), 6)
        functions = [kind for kind in kinds if kind in _FUNCTIONS or kind == "countd"]
        if {"arith", "other"} & set(kinds):
            return []
        aggregates = self._aggregates(functions)
        stars = self.stars(3) if "*" in kinds or "all" in kinds else [Option(0.0)]
        found = [
            (columns.score + aggregate.score + star.score, columns, aggregate, star)
            for columns in plain for aggregate in aggregates for star in stars
        ]  # fmt: skip
        made: list[Option] = []
        for score, columns, aggregate, star in sorted(found, key=itemgetter(0), reverse=True)[:6]:
            rows = () if star.tables == 0 else (Term(star.terms[0].ref, "count" if "*" in kinds else None),)
            terms = self._in_order((*columns.terms, *aggregate.terms), rows)
            made.append(Option(score, terms, tables=columns.tables | aggregate.tables | star.tables))
        return made

    def _in_order(self, terms: Sequence[Term], rows: tuple[Term, ...]) -> tuple[Term, ...]:
        """As the question names them: by the column's place, aggregates of one column by the place of their cue."""
        tokens = self.links.question.tokens
        cues = {"count": "count", "avg": "average", "sum": "total", "max": "most", "min": "least"}

        def place(term: Term) -> tuple[int, int]:
            cue = cues.get(term.function or "", "")
            said = next((at for at, token in enumerate(tokens) if cue and cue in CUES.get(token.low, ())), 99)
            if term.ref.column is None:
                return said, 0
            mention = self.links.columns[term.ref.table][term.ref.column]
            at = mention.start if mention.cover >= 0.5 else mention.associated
            return (at if at >= 0 else 98 if term.function is None else said), said

        return tuple(sorted((*terms, *rows), key=place))

    def _aggregates(self, functions: list[str]) -> list[Option]:
        if not functions:
            return [Option(0.0)]
        found: list[Option] = []
        if len(set(functions)) == len(functions):
            for one in self.sets("aggregate", 1, 5):
                found.append(
                    Option(one.score, tuple(_aggregate(one.terms[0].ref, f) for f in functions), (), one.tables)
                )
        if 1 < len(functions) <= 3:
            for some in self.sets("aggregate", len(functions), 4):
                terms = tuple(_aggregate(t.ref, f) for t, f in zip(some.terms, functions, strict=True))
                found.append(Option(some.score, terms, (), some.tables))
                if len(set(functions)) > 1:
                    terms = tuple(_aggregate(t.ref, f) for t, f in zip(some.terms, functions[::-1], strict=True))
                    found.append(Option(some.score, terms, (), some.tables))
        return found

    def sets(self, role: str, size: int, most: int) -> list[Option]:
        """The likeliest sets of columns in a role: the sum over all columns of being in or out."""
        base = self._base[role]
        if size == 0:
            return [Option(base * 0.5)]
        best = self._best[role][: 4 + size]
        found: list[Option] = []
        for chosen in combinations(best, size):
            refs = [Ref(*ref) for _, ref in chosen]
            score = (base + sum(odds for odds, _ in chosen)) * 0.5
            found.append(Option(score, tuple(Term(ref) for ref in refs), (), _mask(refs)))
        return sorted(found, key=lambda option: -option.score)[:most]

    def one(self, role: str, most: int = 4) -> list[Option]:
        """Single columns in a role, as a choice of one among all."""
        if (role, str(most)) not in self._cache:
            self._cache[role, str(most)] = self._one(role, most)
        return self._cache[role, str(most)]

    def _one(self, role: str, most: int) -> list[Option]:
        best = self._best[role][:most]
        total = float(np.logaddexp.reduce([odds for odds, _ in self._best[role]]))
        return [Option(odds - total, (Term(Ref(*ref)),), (), 1 << ref[0]) for odds, ref in best]

    def stars(self, most: int) -> list[Option]:
        """Tables whose rows are counted."""
        if ("stars", str(most)) not in self._cache:
            self._cache["stars", str(most)] = self._stars(most)
        return self._cache["stars", str(most)]

    def _stars(self, most: int) -> list[Option]:
        odds = self.beliefs.tables
        total = float(np.logaddexp.reduce(odds))
        ranked = sorted(range(len(odds)), key=lambda at: -odds[at])[:most]
        return [Option(odds[at] - total, (Term(Ref(at)),), (), 1 << at) for at in ranked]

    def where(self, count: int) -> list[Option]:
        """Sets of so many comparisons, each of another span."""
        key = ("where", str(count))
        if key not in self._cache:
            self._cache[key] = self._where(count)
        return self._cache[key]

    def _where(self, count: int) -> list[Option]:
        atoms = self.beliefs.atoms
        strongest = sorted(atoms, key=lambda span: -atoms[span][0][0])[:6]
        unused = {span: float(np.log1p(-min(atoms[span][0][0], 0.999))) for span in strongest}
        found: list[Option] = []
        for spans in combinations(sorted(strongest), count):
            rest = sum(score for span, score in unused.items() if span not in spans)
            partial = [Option(rest)]
            for span in spans:
                grown: list[Option] = []
                for chance, table, column in atoms[span][:5]:
                    for one in self._comparisons(span, table, column):
                        score = float(np.log(chance)) + one.score
                        grown.extend(
                            Option(
                                before.score + score, (), (*before.filters, *one.filters),
                                before.tables | 1 << table, (*before.spans, span),
                            )
                            for before in partial
                        )  # fmt: skip
                partial = sorted(grown, key=lambda option: -option.score)[:8]
            found.extend(partial)
        return sorted(found, key=lambda option: -option.score)[:14]

    def _comparisons(self, at: int, table: int, column: int) -> list[Option]:
        span = self.links.spans[at]
        ranked = sorted(self.beliefs.operators[at].items(), key=lambda pair: -pair[1])
        if span.upper is not None:
            ranked = [("between", 0.0)]
        found: list[Option] = []
        for name, score in ranked[:2]:
            if score < -2.5 and found:
                break
            operator = cast(Operator, name)
            value = self._value(span, table, column, operator)
            if value is not None:
                found.append(Option(score, (), (Filter(Term(Ref(table, column)), operator, value),)))
        return found

    def _value(self, span: Span, table: int, column: int, operator: Operator) -> Scalar | tuple[Scalar, ...] | None:
        kind = self.linker.graph.column(table, column).kind
        if operator == "between":
            return None if span.number is None or span.upper is None else (_plain(span.number), _plain(span.upper))
        if operator in ("like", "not like"):
            start = self.links.question.tokens[max(0, span.start - 4) : span.start]
            words = {token.stem for token in start}
            left = "" if words & {"start", "begin", "prefix"} else "%"
            right = "" if words & {"end", "suffix"} else "%"
            return f"{left}{span.text}{right}"
        stored = next((one.value for one in span.found if (one.table, one.column) == (table, column)), None)
        if stored is not None and kind not in ("number",):
            return stored
        if span.number is not None and kind in ("number", "boolean", "other"):
            return _plain(span.number)
        if kind == "number":
            return None if stored is None else stored
        return _plain(span.number) if span.number is not None and kind == "time" else span.text

    def numbers(self, spent: tuple[int, ...]) -> list[tuple[float, int, int | float]]:
        """Numbers that no comparison has used: how unlikely it is that one would, the span, the number."""
        found: list[tuple[float, int, int | float]] = []
        for at, span in enumerate(self.links.spans):
            if span.number is not None and span.upper is None and at not in spent:
                options = self.beliefs.atoms.get(at)
                chance = options[0][0] if options else 0.0
                found.append((float(np.log1p(-min(chance, 0.999))), at, _plain(span.number)))
        return sorted(found, key=lambda one: -one[0])

    def having(self, span: int) -> list[tuple[float, Operator]]:
        """Operators that a number is compared by, in HAVING."""
        chances = self.beliefs.operators[span]
        known: list[tuple[float, Operator]] = [(chances[one], one) for one in _COMPARISONS if one in chances]
        return sorted(known, key=lambda pair: -pair[0])[:2]


def _aggregate(ref: Ref, function: str) -> Term:
    return Term(ref, "count", True) if function == "countd" else Term(ref, cast(Function, function))


def _none_of(odds: list[float]) -> float:
    """Log-probability that none is chosen."""
    softened: list[float] = np.logaddexp(0.0, odds).tolist()
    return sum(-soft for soft in softened)


def _plain(number: float) -> int | float:
    return int(number) if number == int(number) else number

"""The shape of a query without its columns and values, in parts that are learned apart and put together again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from assay.ask.engine.link import Links, Span
from assay.ask.engine.words import CUES, STOP
from assay.ask.ir import Filter, Query, Term

HEADS = ("select", "where", "shape", "nest", "distinct", "operator")


@dataclass(frozen=True, slots=True)
class Sketch:
    """One value for each part."""

    select: str
    """The items in order of kind: c (a column), * (rows counted), all (every column), or an aggregate."""
    where: str
    """How many comparisons with a literal there are, in all parts, and how they hang together: 0, 1, 2and, 2or…"""
    shape: str
    """group | having | order | limit: "g|*|D*|1" counts rows of groups, and takes the one with the most."""
    nest: str
    """none, notin, in, a comparison with an aggregate (">avg"), a set operation, or other."""
    distinct: str

    def parts(self) -> tuple[str, str, str, str, str]:
        """In the order of HEADS."""
        return self.select, self.where, self.shape, self.nest, self.distinct


def item(term: Term) -> str:
    """The kind of one select item."""
    if term.arithmetic is not None:
        return "arith"
    if term.ref.column is None:
        return "*" if term.function == "count" else "all" if term.function is None else "other"
    if term.function is None:
        return "c"
    return "countd" if term.function == "count" and term.distinct else term.function


def sketch_of(query: Query) -> Sketch:
    """The parts of a query."""
    literals = list(_literals(query))
    count = min(len(literals), 4)
    either = any(len(one.where) > 1 for one in _queries(query))
    where = f"{count}" if count < 2 else f"{count}{'or' if either else 'and'}"
    having = ",".join(_target(one.term) for one in query.having)
    order = ",".join(("D" if one.descending else "A") + _target(one.term) for one in query.order)
    limit = "" if query.limit is None else "1" if query.limit == 1 else "n"
    shape = f"{'g' * min(len(query.group), 2)}|{having}|{order}|{limit}"
    return Sketch(" ".join(sorted(map(item, query.select))), where, shape, _nest(query), str(int(query.distinct)))


def _target(term: Term) -> str:
    return item(term)


def _queries(query: Query) -> Iterator[Query]:
    yield query
    for group in query.where:
        for one in group:
            if isinstance(one.value, Query):
                yield from _queries(one.value)
    if query.combine is not None:
        yield from _queries(query.combine[1])


def _literals(query: Query) -> Iterator[Filter]:
    for one in _queries(query):
        for group in one.where:
            for each in group:
                if not isinstance(each.value, Query | Term):
                    yield each


def _nest(query: Query) -> str:
    inner = [one for group in query.where for one in group if isinstance(one.value, Query)]
    if query.combine is not None:
        return "other" if inner or query.combine[1].combine else query.combine[0]
    if not inner:
        return "none"
    if len(inner) > 1:
        return "other"
    value = inner[0].value
    assert isinstance(value, Query)
    if inner[0].operator in ("in", "not in"):
        return "in" if inner[0].operator == "in" else "notin"
    function = value.select[0].function
    return f"{inner[0].operator}{function}" if function and not value.group else "other"


def pieces(links: Links) -> list[str]:
    """What the sketch heads see: n-grams of the question with its names and values blanked out, and of its stems."""
    question = links.question
    size = len(question.tokens)
    marks = [""] * size
    for at, of_table in enumerate(links.columns):
        for mention in of_table:
            if mention.cover >= 0.7:
                marks[mention.start : mention.end] = ["COL"] * (mention.end - mention.start)
        if links.tables[at].cover >= 0.7 and links.tables[at].start >= 0:
            for place in range(links.tables[at].start, links.tables[at].end):
                marks[place] = marks[place] or "TAB"
    for at, token in enumerate(question.tokens):
        if token.low in STOP and marks[at]:
            marks[at] = ""
    for span in links.spans:
        mark = "RANGE" if span.upper is not None else "NUM" if span.number is not None else "VAL"
        marks[span.start : span.end] = [mark] * (span.end - span.start)
    # "youngest" and "younger" share a stem, and ask for different things
    words = [
        mark or (token.low if token.low in CUES else token.stem)
        for mark, token in zip(marks, question.tokens, strict=True)
    ]
    blank = [
        mark or (token.low if token.low in STOP or token.low in CUES else "_")
        for mark, token in zip(marks, question.tokens, strict=True)
    ]
    blank = [word for at, word in enumerate(blank) if at == 0 or word != blank[at - 1] or word in STOP]
    found = ["bias"]
    for name, sequence, most in (("b", ["^", *blank, "$"], 4), ("w", ["^", *words, "$"], 3)):
        for length in range(1, most + 1):
            found.extend(
                f"{name}{length} " + " ".join(sequence[at : at + length]) for at in range(len(sequence) - length + 1)
            )
    found.extend(_counts(links, marks))
    return sorted(set(found))


def _counts(links: Links, marks: list[str]) -> list[str]:
    values = sum(bool(span.found) or span.quoted for span in links.spans)
    numbers = sum(span.number is not None for span in links.spans)
    groups = sum(mark == "COL" and (at == 0 or marks[at - 1] != "COL") for at, mark in enumerate(marks))
    tables = sum(mention.cover >= 0.8 for mention in links.tables)
    return [
        f"#v{min(values, 4)}", f"#n{min(numbers, 4)}", f"#c{min(groups, 6)}", f"#t{min(tables, 4)}",
        f"#vn{min(values, 3)},{min(numbers, 3)}", f"#s{len(links.spans)}", f"#size{min(len(marks) // 4, 8)}",
    ]  # fmt: skip


def surroundings(links: Links, span: Span) -> list[str]:
    """What the operator head sees of one span: the words around it and their distance."""
    tokens = links.question.tokens
    kind = "range" if span.upper is not None else "number" if span.number is not None else "value"
    found = ["bias", f"kind {kind}", f"quoted {span.quoted}", f"found {bool(span.found)}"]
    left = [token.stem for token in tokens[max(0, span.start - 6) : span.start]][::-1]
    right = [token.stem for token in tokens[span.end : span.end + 4]]
    for side, words in (("L", left), ("R", right)):
        for at, word in enumerate(words):
            found += [f"{side}{at} {word}", f"{side} {word}", f"{kind} {side} {word}"]
        found += [f"{side}2 {one} {two}" for one, two in pairwise(words)]
    return sorted(set(found))

"""What the scorers are to learn of one question, read off its gold query."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assay.ask.engine.features import Scene
from assay.ask.engine.link import Span
from assay.ask.engine.sketch import Sketch, sketch_of
from assay.ask.engine.weigh import terms_of
from assay.ask.engine.words import fold
from assay.ask.ir import Filter, Query, Ref, Term


@dataclass(frozen=True, slots=True)
class Labels:
    """Of one scene, in the order of its rows."""

    sketch: Sketch
    columns: dict[str, list[int]]
    tables: list[int] | None
    """None where no rows are counted."""
    atoms: list[int]
    operators: list[tuple[int, str]]
    """Span and operator."""


def queries(query: Query) -> Iterator[Query]:
    """The query, and those inside it."""
    yield query
    for group in query.where:
        for one in group:
            if isinstance(one.value, Query):
                yield from queries(one.value)
    if query.combine is not None:
        yield from queries(query.combine[1])


def names(query: Query) -> set[Ref]:
    """Every column used."""
    return {term.ref for term in terms_of(query) if term.ref.column is not None}


def label(scene: Scene, gold: Query) -> Labels:
    """Mark the rows."""
    every = list(queries(gold))
    outer = [gold] + ([gold.combine[1]] if gold.combine else [])
    roles = {
        "select": {term.ref for one in outer[:1] for term in one.select if term.function is None},
        "aggregate": {term.ref for one in outer for term in one.select if term.function is not None}
        | {one.term.ref for each in every for one in each.having},
        "group": {ref for one in every for ref in one.group},
        "order": {order.term.ref for one in every for order in one.order} | set(_compared(every)),
    }
    columns = {role: [int(Ref(*ref) in refs) for ref in scene.columns] for role, refs in roles.items()}
    counted = {term.ref.table for one in every for term in terms_of(one) if term.ref.column is None}
    tables = [int(at in counted) for at in range(len(scene.links.tables))] if counted else None
    literals = [
        one for each in every for group in each.where for one in group if not isinstance(one.value, Query | Term)
    ]
    atoms = [
        int(any(_meets(scene.links.spans[span], one) for one in literals if one.term.ref == Ref(table, column)))
        for span, table, column in scene.atoms
    ]
    having = [one for each in every for one in each.having]
    operators: list[tuple[int, str]] = []
    for at, span in enumerate(scene.links.spans):
        for one in (*literals, *having):
            if _meets(span, one) and one.operator != "between":
                operators.append((at, one.operator))
                break
    return Labels(sketch_of(gold), columns, tables, atoms, operators)


def _compared(every: list[Query]) -> Iterator[Ref]:
    for each in every:
        for group in each.where:
            for one in group:
                if isinstance(one.value, Query) and one.operator not in ("in", "not in"):
                    yield one.term.ref


def _meets(span: Span, one: Filter) -> bool:
    """Whether a comparison's literal is what the span says."""
    value = one.value
    if isinstance(value, tuple):
        return span.upper is not None and _number(value[0]) == span.number
    number = _number(value)
    if span.number is not None and number is not None:
        return abs(span.number - number) < 1e-9
    text = fold(str(value)).strip("%").strip()
    return text == fold(span.text) or any(fold(found.value) == text for found in span.found)


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None

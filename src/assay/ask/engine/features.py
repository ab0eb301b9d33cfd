"""Numbers that the learned scorers see of a table, of a column, and of a column with a value, given a question."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.ask.engine.link import Linker, Links, Mention, Span
from assay.ask.engine.words import CUE_NAMES, CUES
from assay.ask.graph import Column

Floats = NDArray[np.float32]
FAR = 15.0
"""Distance, in tokens, of what is not there."""
MOST_COLUMNS = 90
"""Columns that are scored; of a larger schema, those that the question comes nearest to."""
_LABELS = frozenset(("name", "titl", "title", "label"))
_CODES = frozenset(("id", "cod", "code", "key", "number"))


@dataclass(frozen=True, slots=True)
class Places:
    """What a schema says of every column apart from any question."""

    columns: tuple[tuple[int, int], ...]
    statics: tuple[tuple[float, ...], ...]
    tables: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """A question's links with the rows of features made of them."""

    links: Links
    columns: tuple[tuple[int, int], ...]
    column_rows: Floats
    table_rows: Floats
    atoms: tuple[tuple[int, int, int], ...]
    """Span (its place in links.spans), table, column."""
    atom_rows: Floats


def places(linker: Linker) -> Places:
    """Once for each schema."""
    graph = linker.graph
    sources = {(edge.table, column) for edge in graph.edges for column in edge.columns}
    targets = {(edge.to, column) for edge in graph.edges for column in edge.to_columns}
    columns: list[tuple[int, int]] = []
    statics: list[tuple[float, ...]] = []
    tables: list[tuple[float, ...]] = []
    for at, table in enumerate(graph.tables):
        keys = {column for edge in graph.edges if edge.table == at for column in edge.columns}
        junction = float(len(keys) >= 2 and len(keys) * 2 >= len(table.columns))
        tables.append((float(len(table.columns)), junction, float(sum(edge.table == at for edge in graph.edges)),
                       float(sum(edge.to == at for edge in graph.edges))))  # fmt: skip
        label_seen = False
        for place, column in enumerate(table.columns):
            words = set(linker.column_names[at][place][0][1])
            label = bool(words & _LABELS)
            columns.append((at, place))
            statics.append((
                *_kind(column), float(place in table.primary_key), float((at, place) in sources),
                float((at, place) in targets), float(label), float(label and not label_seen),
                float(bool(words & _CODES)), float(place), float(len(table.columns)), junction,
                float(len(words)), float(linker.values.columns.get((at, place), 0)),
            ))  # fmt: skip
            label_seen = label_seen or label
    return Places(tuple(columns), tuple(statics), tuple(tables))


def _kind(column: Column) -> tuple[float, ...]:
    kinds = ("text", "number", "time", "boolean")
    return (*(float(column.kind == kind) for kind in kinds), float(column.unique))


def _cues(links: Links) -> tuple[list[list[float]], list[list[float]], list[float]]:
    """For every place: distance back to, and on to, the nearest word of each cue; and which cues there are at all."""
    tokens = links.question.tokens
    size = len(tokens)
    back: list[list[float]] = []
    last = [-FAR] * len(CUE_NAMES)
    at_cue = [[CUE_NAMES.index(cue) for cue in CUES.get(token.low, ())] if token.quoted < 0 else [] for token in tokens]
    for at in range(size + 1):
        back.append([min(at - seen, FAR) for seen in last])
        if at < size:
            for cue in at_cue[at]:
                last[cue] = float(at)
    onward: list[list[float]] = [[FAR] * len(CUE_NAMES) for _ in range(size + 1)]
    following = [size + FAR] * len(CUE_NAMES)
    for at in range(size - 1, -1, -1):
        for cue in at_cue[at]:
            following[cue] = float(at)
        onward[at] = [min(seen - at, FAR) for seen in following]
    present = [float(any(cue in found for found in at_cue)) for cue in range(len(CUE_NAMES))]
    return back, onward, present


def scene(linker: Linker, static: Places, links: Links) -> Scene:
    """All rows for one question."""
    back, onward, present = _cues(links)
    tokens = links.question.tokens
    size = max(len(tokens), 1)
    chosen = _chosen(static, links)
    covers = sorted((links.columns[table][column].cover for table, column in chosen), reverse=True)
    associated = max((links.columns[table][column].association for table, column in chosen), default=0.0)
    above = {cover: float(sum(other > cover + 0.01 for other in covers[:12])) for cover in set(covers)}
    level = {cover: float(sum(abs(other - cover) < 0.01 for other in covers)) for cover in above}
    starts = sorted({links.columns[t][c].start for t, c in chosen if links.columns[t][c].cover >= 0.7})
    held = _held(links)
    in_table = [
        sum(any(one.table == at for one in span.found) for span in links.spans) for at in range(len(links.tables))
    ]
    numbers = float(sum(span.number is not None for span in links.spans))
    whole = (float(size), float(len(links.spans)), numbers, float(len(starts)),
             float(sum(mention.cover >= 0.8 for mention in links.tables)), *present)  # fmt: skip
    lookup = {ref: at for at, ref in enumerate(static.columns)}
    best_in_table = [max((mention.cover for mention in of_table), default=0.0) for of_table in links.columns]
    nothing = [FAR] * len(CUE_NAMES)
    rows: list[tuple[float, ...]] = []
    for table, column in chosen:
        mention, of_table = links.columns[table][column], links.tables[table]
        place = mention.start if mention.start >= 0 else mention.associated
        cues = (
            (back[place], onward[min(mention.end, len(tokens)) if mention.end > 0 else place + 1])
            if place >= 0
            else (nothing, nothing)
        )
        previous = tokens[place - 1].low if place > 0 else ""
        after = tokens[mention.end].low if 0 < mention.end < len(tokens) else ""
        span_score, span_distance = _nearest(held.get((table, column), []), links, place)
        rows.append((
            mention.cover, mention.exact, float(mention.words), mention.start / size,
            mention.association, associated - mention.association,
            above[mention.cover], level[mention.cover],
            best_in_table[table] - mention.cover,
            of_table.cover, of_table.exact, of_table.start / size, _apart(mention, of_table),
            float(sum(start < mention.start for start in starts)) if mention.start >= 0 else -1.0,
            float(previous == "and"), float(previous in ("of", "by", "for", "in", "with", "on")),
            float(previous in ("the", "their", "its", "whose")), float(after == "of"), float(after in ("and", "or")),
            span_score, span_distance, float(in_table[table]),
            *static.statics[lookup[table, column]], *cues[0], *cues[1], *whole,
        ))  # fmt: skip
    column_rows = np.asarray(rows, dtype=np.float32)
    table_rows = _table_rows(static, links, back, onward, whole, best_in_table, in_table)
    atoms, atom_rows = _atoms(linker, links, chosen, column_rows, back, onward)
    return Scene(links, chosen, column_rows, table_rows, atoms, atom_rows)


def _chosen(static: Places, links: Links) -> tuple[tuple[int, int], ...]:
    if len(static.columns) <= MOST_COLUMNS:
        return static.columns
    held = _held(links)

    def nearness(at: int) -> float:
        table, column = static.columns[at]
        mention = links.columns[table][column]
        labels = static.statics[at]
        own = mention.cover + 0.2 * mention.association + 0.5 * ((table, column) in held)
        return own + 0.6 * links.tables[table].cover + 0.1 * labels[5] + 0.1 * labels[9]

    best = sorted(range(len(static.columns)), key=lambda at: -nearness(at))[:MOST_COLUMNS]
    return tuple(static.columns[at] for at in sorted(best))


def _held(links: Links) -> dict[tuple[int, int], list[tuple[float, int]]]:
    held: dict[tuple[int, int], list[tuple[float, int]]] = {}
    for span in links.spans:
        for one in span.found:
            held.setdefault((one.table, one.column), []).append((one.score, span.start))
    return held


def _nearest(held: list[tuple[float, int]], links: Links, place: int) -> tuple[float, float]:
    score = max((score for score, _ in held), default=0.0)
    if place < 0 or not links.spans:
        return score, FAR
    return score, min((abs(span.start - place) for span in links.spans), default=FAR)


def _apart(one: Mention, other: Mention) -> float:
    if one.start < 0 or other.start < 0:
        return FAR + 1
    return float(max(-FAR, min(FAR, other.start - one.start)))


def _table_rows(
    static: Places, links: Links, back: list[list[float]], onward: list[list[float]], whole: tuple[float, ...],
    best_in_table: list[float], in_table: list[int],
) -> Floats:  # fmt: skip
    size = max(len(links.question.tokens), 1)
    covers = [mention.cover for mention in links.tables]
    rows: list[tuple[float, ...]] = []
    for at, mention in enumerate(links.tables):
        place = mention.start if mention.start >= 0 else mention.associated
        cues = (*back[place], *onward[place]) if place >= 0 else (FAR,) * (2 * len(CUE_NAMES))
        many = sum(other.cover >= 0.7 for other in links.columns[at])
        rows.append((
            mention.cover, mention.exact, float(mention.words), mention.start / size, mention.association,
            float(sum(cover > mention.cover + 0.01 for cover in covers)),
            float(sum(abs(cover - mention.cover) < 0.01 for cover in covers)),
            float(sum(0 <= other.start < mention.start and other.cover >= 0.8 for other in links.tables)),
            best_in_table[at], float(many), float(in_table[at]), *static.tables[at], *cues, *whole,
        ))  # fmt: skip
    return np.asarray(rows, dtype=np.float32)


def _atoms(
    linker: Linker, links: Links, chosen: tuple[tuple[int, int], ...], column_rows: Floats,
    back: list[list[float]], onward: list[list[float]],
) -> tuple[tuple[tuple[int, int, int], ...], Floats]:  # fmt: skip
    """A row for each column that a span may be compared with."""
    where = {ref: at for at, ref in enumerate(chosen)}
    atoms: list[tuple[int, int, int]] = []
    heads: list[tuple[float, ...]] = []
    picked: list[int] = []
    for number, span in enumerate(links.spans):
        scores: dict[tuple[int, int], float] = {}
        for one in span.found:
            key = (one.table, one.column)
            scores[key] = max(scores.get(key, 0.0), one.score)
        about = _about(links, span)
        for ref, at in where.items():
            kind = linker.graph.column(*ref).kind
            fits = kind in ("number", "time", "boolean", "other") if span.number is not None else kind != "number"
            if ref in scores or (fits and (span.number is not None or not span.found)):
                mention = links.columns[ref[0]][ref[1]]
                before = float(span.start - mention.end) if mention.start >= 0 else FAR + 1
                atoms.append((number, *ref))
                picked.append(at)
                heads.append((
                    scores.get(ref, 0.0), float(len(scores)), max(-FAR, min(FAR + 1, before)),
                    float(mention.start <= span.start < mention.end), *about,
                    *back[span.start], *onward[span.end],
                ))  # fmt: skip
    if not atoms:
        return (), np.zeros((0, 0), dtype=np.float32)
    return tuple(atoms), np.concatenate([np.asarray(heads, dtype=np.float32), column_rows[picked]], axis=1)


def _about(links: Links, span: Span) -> tuple[float, ...]:
    tokens = links.question.tokens
    previous = tokens[span.start - 1].low if span.start else ""
    after = tokens[span.end].low if span.end < len(tokens) else ""
    year = span.number is not None and 1800 <= span.number <= 2100 and len(span.text) == 4
    return (
        float(span.end - span.start), float(span.quoted), float(span.number is not None), float(year),
        float(span.upper is not None), min(span.number, 1e6) if span.number is not None else -1.0,
        float(span.text[:1].isupper()), float(span.text[:1].isdigit()), float(previous in ("top", "first", "last")),
        float(previous in ("than", "least", "most", "over", "under", "above", "below")),
        float(previous in ("in", "of", "from", "by", "for", "with", "named", "is", "are")),
        float(after in ("or", "and")), span.start / max(len(tokens), 1),
    )  # fmt: skip

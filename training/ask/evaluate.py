"""Measures the engine on databases that nothing was trained on, and prints the figures as JSON.

python training/ask/evaluate.py [--split validation|test] [--weights DIR] [--limit N] [--errors FILE]

Right is what gives the gold query's rows on the database and on two perturbed copies. Empty and single-zero gold
results are left out. The test databases are for the published figure: nothing may be chosen by it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import spider
from corpus import Case, Runner, cases, connect, drawn, values
from hardness import hardness
from honesty import calibration_error, coverage
from suite import Gold, Suite
from unanswerable import Lacking, bereft, foreign

from assay.ask.calibrate import Calibration, on_public_data
from assay.ask.engine.answer import Engine, Reading
from assay.ask.engine.rank import WEIGHTS, Model, load
from assay.ask.graph import Graph
from assay.ask.ir import Query
from assay.ask.render import sql

WORDINGS = ("question", "question_synonyms")
_GRAPHS: dict[str, Graph] = {}
_LEARNED: list[tuple[Model, Calibration]] = []
Record = dict[str, Any]


def _measure(task: tuple[str, list[Case]]) -> list[Record]:
    database, some = task
    graph = _GRAPHS[database]
    model, calibration = _LEARNED[0]
    engine, suite = Engine(graph, values(database, graph), model), Suite(database, graph)
    found: list[Record] = []
    for case in some:
        gold = suite.gold(case.sql)
        if gold is None or not gold.telling:
            continue
        for wording, text in zip(WORDINGS, case.wordings(), strict=True):
            start = time.perf_counter()
            plain = engine.answer(text)
            spent = time.perf_counter() - start
            ran = engine.answer(text, suite.own.query)
            marks = [gold.right(one.query) for one in plain.candidates[:25]]
            said = _rendered(ran, graph)
            found.append({
                "database": database, "wording": wording, "hardness": hardness(case.sql), "ms": spent * 1000,
                "plain": _is_right(plain, gold, graph), "ran": gold.right_text(said), "five": any(marks[:5]),
                "all": any(marks), "chance_plain": _chance(plain, calibration), "chance_ran": _chance(ran, calibration),
                "text": text, "gold": case.sql, "said": said,
            })  # fmt: skip
    return found


def _unanswered(task: tuple[str, list[Lacking]]) -> list[Record]:
    database, some = task
    model, calibration = _LEARNED[0]
    suite = Suite(database, _GRAPHS[database])
    found: list[Record] = []
    for one in some:
        engine, runner = Engine(one.graph, values(database, one.graph), model), Runner(connect(database), one.graph)
        gold = suite.gold(one.case.sql) if one.why == "bereft" else None
        plain, ran = engine.answer(one.text), engine.answer(one.text, runner.query)
        if gold is None or not gold.right_text(_rendered(ran, one.graph)):  # else another column holds the same
            found.append({
                "database": database, "why": one.why, "text": one.text, "chance_plain": _chance(plain, calibration),
                "chance_ran": _chance(ran, calibration),
            })  # fmt: skip
    return found


def _is_right(reading: Reading, gold: Gold, graph: Graph) -> bool:
    return bool(reading.candidates) and gold.right_text(_rendered(reading, graph))


def _chance(reading: Reading, calibration: Calibration) -> float:
    return calibration.chances(reading)[0] if reading.candidates else 0.0


def _rendered(reading: Reading, graph: Graph) -> str:
    """The best reading as the product renders it."""
    if not reading.candidates:
        return "-- nothing"
    query: Query = reading.candidates[0].query
    try:
        return sql(query, graph)
    except ValueError as error:
        return f"-- {error}"


def share(some: list[Record], what: str) -> float:
    """Per cent."""
    return round(100 * sum(one[what] for one in some) / max(len(some), 1), 1)


def summary(found: list[Record]) -> dict[str, Any]:
    """The figures of one wording."""
    classes: dict[str, list[Record]] = defaultdict(list)
    for one in found:
        classes[one["hardness"]].append(one)
    return {
        **_accuracy(found), "oracle_5": share(found, "five"),
        "by_hardness": {name: _accuracy(classes[name]) for name in ("easy", "medium", "hard", "extra")},
    }  # fmt: skip


def _accuracy(found: list[Record]) -> dict[str, Any]:
    return {"questions": len(found), "accuracy": share(found, "ran"), "without_running": share(found, "plain"),
            "oracle_25": share(found, "all")}  # fmt: skip


def honest(found: list[Record], lacking: list[Record], way: str, threshold: float) -> dict[str, Any]:
    """Calibration, what is answered at the threshold and how much of that is right, and what is rightly refused."""
    chances, right = [one[f"chance_{way}"] for one in found], [one[way] for one in found]
    refused: dict[str, list[bool]] = defaultdict(list)
    for one in lacking:
        refused[one["why"]].append(one[f"chance_{way}"] < threshold)
        refused["all"].append(one[f"chance_{way}"] < threshold)
    return {
        "calibration_error": round(calibration_error(chances, right), 4),
        "at_threshold": coverage(chances, right, threshold),
        "precision_at_coverage": {
            f"{part:.0%}": round(100 * _precision(chances, right, part), 1) for part in (0.1, 0.2, 0.3, 0.4, 0.5)
        },
        "unanswerable_refused": {
            why: {"questions": len(some), "refused": round(100 * sum(some) / len(some), 1)}
            for why, some in sorted(refused.items())
        },
    }  # fmt: skip


def _precision(chances: list[float], right: list[bool], part: float) -> float:
    best = np.argsort(-np.asarray(chances), kind="stable")[: max(1, round(part * len(chances)))]
    return float(np.asarray(right)[best].mean())


def mapped(work: Callable[[Any], list[Record]], tasks: list[Any]) -> list[Record]:
    """Two processes, results in the order of the tasks."""
    with get_context("fork").Pool(2) as pool:
        return [one for some in pool.imap(work, tasks) for one in some]


def lacking_tasks(split: spider.Split, each: int) -> list[tuple[str, list[Lacking]]]:
    """Questions without an answer, by database."""
    asked = cases(_GRAPHS, split)
    tasks: dict[str, list[Lacking]] = defaultdict(list)
    for name, one in (*foreign(asked, _GRAPHS, each), *bereft(asked, _GRAPHS, each)):
        tasks[name].append(one)
    return sorted(tasks.items())


def figures(
    split: spider.Split, weights: Path = WEIGHTS, *, limit: int = 0, lacking: int = 5, threshold: float = 0.7
) -> tuple[dict[str, Any], list[Record]]:
    """All figures of a split, and every question with what was said."""
    _GRAPHS.update(spider.graphs())
    _LEARNED.append((load(weights), on_public_data(weights)))
    found = mapped(_measure, drawn(cases(_GRAPHS, split), limit))
    unanswerable = mapped(_unanswered, lacking_tasks(split, lacking))
    told: dict[str, Any] = {
        wording: summary([one for one in found if one["wording"] == wording]) for wording in WORDINGS
    }
    told["honesty"] = {way: honest(found, unanswerable, way, threshold) for way in ("ran", "plain")}
    times = [one["ms"] for one in found]
    told["milliseconds_without_running"] = {f"p{at}": round(float(np.percentile(times, at)), 1) for at in (50, 95)}
    return {"split": split, **told}, found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=("validation", "test"), default="validation")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--limit", type=int, default=0, help="questions drawn, to be quick")
    parser.add_argument("--errors", type=Path, help="where to write every question with what was said")
    asked = parser.parse_args()
    told, found = figures(asked.split, asked.weights, limit=asked.limit)
    print(json.dumps(told))  # noqa: T201
    if asked.errors:
        asked.errors.write_text(json.dumps(found, indent=0), encoding="utf-8")


if __name__ == "__main__":
    main()

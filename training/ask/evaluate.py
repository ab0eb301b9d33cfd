"""Measures the engine on the validation databases, which nothing was trained on, and prints the figures as JSON.

python training/ask/evaluate.py [--weights DIR] [--limit N] [--errors FILE]"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import spider
from corpus import Case, Runner, cases, digest, drawn, values

from assay.ask.engine.answer import Engine
from assay.ask.engine.rank import WEIGHTS, Model, load
from assay.ask.graph import Graph
from assay.ask.ir import Query
from assay.ask.render import sql

_GRAPHS: dict[str, Graph] = {}
_MODELS: list[Model] = []


def kind(text: str) -> str:
    """How hard a question is, by its gold SQL."""
    low = f" {' '.join(text.lower().split())} "
    if any(f" {word} " in low for word in ("union", "intersect", "except")):
        return "set operation"
    if low.count("select") > 1:
        return "nested"
    return "join" if " join " in low else "single table"


def _measure(task: tuple[str, list[Case]]) -> list[dict[str, Any]]:
    database, some = task
    graph = _GRAPHS[database]
    model = _MODELS[0]
    engine = Engine(graph, values(database, graph), model)
    runner = Runner(database, graph)
    found: list[dict[str, Any]] = []
    for case in some:
        gold = runner.run(case.sql, 5000)
        if gold is None:
            continue
        sorts = spider.ordered(case.sql)
        wanted = digest(gold, sorts)

        def right(query: Query) -> bool:
            rows = runner.query(query)
            return rows is not None and digest(rows, sorts) == wanted  # noqa: B023

        for wording, text in zip(("question", "question_synonyms"), case.wordings(), strict=True):
            start = time.perf_counter()
            ranked = engine.answer(text)
            spent = time.perf_counter() - start
            marks = [right(one.query) for one in ranked]
            best = engine.answer(text, runner.query)[:1] if ranked else []
            final = False
            if best and right(best[0].query):
                # The product's own renderer must agree with the quick one that ran the candidates.
                rows = runner.run(_rendered(best[0].query, graph), 5000)
                final = rows is not None and digest(rows, sorts) == wanted
            telling = bool(gold) and not (len(gold) == 1 and len(gold[0]) == 1 and gold[0][0] in (0, None))
            found.append({
                "database": database, "wording": wording, "kind": kind(case.sql), "ms": spent * 1000,
                "first": marks[:1] == [True], "five": any(marks[:5]), "all": any(marks[:25]), "final": final,
                "telling": telling, "lifted": case.gold is not None, "text": text, "gold": case.sql,
                "said": _rendered(best[0].query, graph) if best else "", "score": best[0].score if best else 0.0,
            })  # fmt: skip
    return found


def _rendered(query: Query, graph: Graph) -> str:
    try:
        return sql(query, graph)
    except ValueError as error:
        return f"-- {error}"


def share(some: list[dict[str, Any]], what: str) -> float:
    """Per cent."""
    return round(100 * sum(one[what] for one in some) / max(len(some), 1), 1)


def summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of one wording."""
    classes: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in found:
        classes[one["kind"]].append(one)
    telling = [one for one in found if one["telling"]]
    return {
        "questions": len(found),
        "execution_accuracy": share(found, "final"),
        "execution_accuracy_telling": share(telling, "final"),
        "without_execution_features": share(found, "first"),
        "oracle_5": share(found, "five"),
        "oracle_25": share(found, "all"),
        "by_class": {
            name: {"questions": len(some), "accuracy": share(some, "final"), "without_execution": share(some, "first"),
                   "oracle_25": share(some, "all")}
            for name, some in sorted(classes.items())
        },
    }  # fmt: skip


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--limit", type=int, default=0, help="questions drawn, to be quick")
    parser.add_argument("--errors", type=Path, help="where to write every question with what was said")
    asked = parser.parse_args()
    _GRAPHS.update(spider.graphs())
    _MODELS.append(load(asked.weights))
    tasks = drawn(cases(_GRAPHS, "validation"), asked.limit)
    with get_context("fork").Pool(2) as pool:
        found = [one for some in pool.imap(_measure, tasks) for one in some]
    times = [one["ms"] for one in found]
    figures = {
        wording: summary([one for one in found if one["wording"] == wording])
        for wording in ("question", "question_synonyms")
    }
    figures["milliseconds"] = {"p50": round(float(np.percentile(times, 50)), 1),
                               "p95": round(float(np.percentile(times, 95)), 1)}  # fmt: skip
    print(json.dumps(figures, indent=1))  # noqa: T201
    if asked.errors:
        asked.errors.write_text(json.dumps(found, indent=0), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Fits the curve from the ranker's scores to the chance of being right, on databases that nothing was trained on.

python training/ask/calibrate.py [--weights DIR] [--limit N]

Writes calibration.json beside the weights, its digest into model.json, and prints what it saw as JSON.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import spider
from corpus import Case, Runner, cases, digest, drawn, values
from sklearn.isotonic import IsotonicRegression

from assay.ask.calibrate import shares
from assay.ask.engine.answer import Engine
from assay.ask.engine.rank import WEIGHTS, Model, load
from assay.ask.graph import Graph

_GRAPHS: dict[str, Graph] = {}
_MODELS: list[Model] = []
SAYS = "public data (Spider and Spider-Syn, schemas that the engine was not trained on)"


def _seen(task: tuple[str, list[Case]]) -> list[tuple[str, float, bool]]:
    """Of each question of a database: its name, the best reading's share, and whether it is right."""
    database, some = task
    graph = _GRAPHS[database]
    engine, runner = Engine(graph, values(database, graph), _MODELS[0]), Runner(database, graph)
    found: list[tuple[str, float, bool]] = []
    for case in some:
        gold = runner.run(case.sql, 5000)
        if gold is None:
            continue
        sorts = spider.ordered(case.sql)
        for text in case.wordings():
            ranked = engine.answer(text)
            rows = runner.query(ranked[0].query) if ranked else None
            right = rows is not None and digest(rows, sorts) == digest(gold, sorts)
            found.append((database, shares([one.score for one in ranked])[0] if ranked else 0.0, right))
    return found


def error(raw: list[float], right: list[bool], curve: IsotonicRegression) -> float:
    """Expected calibration error over ten bins of equal size."""
    chance = np.asarray(curve.predict(raw))
    order = np.argsort(chance, kind="stable")
    marks = np.asarray(right, dtype=float)
    bins = np.array_split(order, 10)
    return float(sum(len(part) * abs(chance[part].mean() - marks[part].mean()) for part in bins) / len(marks))


def fitted(raw: list[float], right: list[bool]) -> IsotonicRegression:
    """The curve; never surer than 0.97, since nothing of this kind is."""
    return IsotonicRegression(y_min=0.01, y_max=0.97, out_of_bounds="clip").fit(raw, np.asarray(right, dtype=float))


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--limit", type=int, default=0, help="questions drawn, to be quick")
    asked = parser.parse_args()
    _GRAPHS.update(spider.graphs())
    _MODELS.append(load(asked.weights))
    tasks = drawn(cases(_GRAPHS, "validation"), asked.limit)
    with get_context("fork").Pool(2) as pool:
        found = [one for some in pool.imap(_seen, tasks) for one in some]
    names = sorted({name for name, _, _ in found})
    half = {name for name in names if hashlib.sha256(name.encode()).digest()[1] % 2}
    parts = [[one for one in found if (one[0] in half) is side] for side in (True, False)]
    errors = [
        error([s for _, s, _ in test], [r for _, _, r in test], fitted([s for _, s, _ in fit], [r for _, _, r in fit]))
        for fit, test in (parts, parts[::-1])
    ]
    curve = fitted([s for _, s, _ in found], [r for _, _, r in found])
    raw = [round(float(x), 5) for x in curve.X_thresholds_]
    chance = [round(float(y), 5) for y in curve.y_thresholds_]
    text = json.dumps({"raw": raw, "chance": chance, "says": SAYS}) + "\n"
    (asked.weights / "calibration.json").write_text(text)
    card = json.loads((asked.weights / "model.json").read_text())
    card["sha256"]["calibration.json"] = hashlib.sha256(text.encode()).hexdigest()
    (asked.weights / "model.json").write_text(json.dumps(card, indent=1) + "\n")
    sure = [right for _, share, right in found if curve.predict([share])[0] >= 0.7]
    print(json.dumps({  # noqa: T201
        "questions": len(found), "right": round(sum(r for _, _, r in found) / len(found), 4),
        "calibration_error_on_the_other_half": [round(one, 4) for one in errors],
        "answered_at_0.7": round(len(sure) / len(found), 4),
        "precision_at_0.7": round(sum(sure) / max(len(sure), 1), 4),
    }))  # fmt: skip


if __name__ == "__main__":
    main()

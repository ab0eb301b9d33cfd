"""Fits the curves from what the engine believes to the chance of being right, on databases it was not trained on.

python training/ask/calibrate.py [--weights DIR] [--limit N]; train.py does the same when it has trained.

Those are the validation databases, and the training ones as judges saw them that were trained without them. Writes
calibration.json beside the weights, its digest into model.json, and prints what it saw as JSON.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import spider
from corpus import Case, cases, drawn, values
from honesty import calibration_error, coverage
from sklearn.isotonic import IsotonicRegression
from suite import Suite

from assay.ask.engine.answer import Engine
from assay.ask.engine.rank import WEIGHTS, Model, load
from assay.ask.graph import Graph

_GRAPHS: dict[str, Graph] = {}
_MODELS: list[Model] = []
HELD_OUT = "held_out.json"
"""Beside the weights, never shipped: what judges believed of databases that they had not seen."""
SAYS = "public data (Spider and Spider-Syn, schemas that the engine was not trained on)"
Seen = tuple[str, float, bool]
"""Of a question: its database, what was believed of the best reading, whether it is right."""


def _seen(task: tuple[str, list[Case]]) -> list[tuple[Seen, Seen]]:
    """Each question twice: unseen, and with candidates run."""
    database, some = task
    graph = _GRAPHS[database]
    engine, suite = Engine(graph, values(database, graph), _MODELS[0]), Suite(database, graph)
    found: list[tuple[Seen, Seen]] = []
    for case in some:
        gold = suite.gold(case.sql)
        if gold is None or not gold.telling:
            continue
        for text in case.wordings():
            readings = [engine.answer(text), engine.answer(text, suite.own.query)]
            if readings[0].candidates:
                plain, ran = ((database, one.sure, gold.right(one.candidates[0].query)) for one in readings)
                found.append((plain, ran))
    return found


def fitted(some: list[Seen]) -> IsotonicRegression:
    """The curve; never surer than 0.97, since nothing of this kind is."""
    curve = IsotonicRegression(y_min=0.01, y_max=0.97, out_of_bounds="clip")
    return curve.fit([sure for _, sure, _ in some], [float(right) for _, _, right in some])


def crossed(some: list[Seen], besides: list[Seen]) -> dict[str, object]:
    """How well curves hold that were fitted on the other half of the databases and on what is known besides."""
    names = sorted({name for name, _, _ in some})
    half = {name for name in names if hashlib.sha256(name.encode()).digest()[1] % 2}
    parts = [[one for one in some if (one[0] in half) is side] for side in (True, False)]
    chances: list[float] = []
    right: list[bool] = []
    for fit, test in (parts, parts[::-1]):
        chances += np.asarray(fitted([*fit, *besides]).predict([sure for _, sure, _ in test])).tolist()
        right += [mark for _, _, mark in test]
    return {"calibration_error": round(calibration_error(chances, right), 4), "at_0.7": coverage(chances, right, 0.7)}


def knots(curve: IsotonicRegression) -> list[list[float]]:
    """As the product reads them."""
    return [[round(float(x), 5) for x in curve.X_thresholds_], [round(float(y), 5) for y in curve.y_thresholds_]]


def calibrate(weights: Path, limit: int) -> dict[str, Any]:
    """Fit, write, and say how well it holds; of so many questions, 0 is all."""
    _GRAPHS.update(spider.graphs())
    _MODELS.append(load(weights))
    with get_context("fork").Pool(2) as pool:
        tasks = drawn(cases(_GRAPHS, "validation"), limit)
        found = [one for some in pool.imap(_seen, tasks) for one in some]
    ways = {"unseen": [one for one, _ in found], "ran": [one for _, one in found]}
    held_out = json.loads((weights / HELD_OUT).read_text())
    besides = {
        way: [("", believed, bool(right)) for believed, right in held_out[judge]]
        for way, judge in (("unseen", "sure"), ("ran", "sure_ran"))
    }
    curves = {way: fitted([*some, *besides[way]]) for way, some in ways.items()}
    text = json.dumps({**{way: knots(curve) for way, curve in curves.items()}, "says": SAYS}) + "\n"
    (weights / "calibration.json").write_text(text)
    card = json.loads((weights / "model.json").read_text())
    card["sha256"]["calibration.json"] = hashlib.sha256(text.encode()).hexdigest()
    (weights / "model.json").write_text(json.dumps(card, indent=1) + "\n")
    told = {
        way: {"right": round(sum(right for _, _, right in some) / len(some), 4), **crossed(some, besides[way])}
        for way, some in ways.items()
    }
    return {"questions": len(found), **told}


def main() -> None:
    """Calibrate weights that are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--limit", type=int, default=0, help="questions drawn, to be quick")
    asked = parser.parse_args()
    print(json.dumps(calibrate(asked.weights, asked.limit)))  # noqa: T201


if __name__ == "__main__":
    main()

"""Trains the engine: `python training/ask/train.py` writes src/assay/ask/weights; same data, same files."""

from __future__ import annotations

import argparse
import hashlib
import json
import pickle
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import fit
import numpy as np
import spider
from calibrate import HELD_OUT, calibrate
from corpus import Case, Runner, cases, connect, values
from labels import Labels, label, names
from mine import Pair, Use, lexicon
from numpy.typing import NDArray
from suite import Gold, Suite
from unanswerable import Lacking, bereft, foreign

from assay.ask.engine.answer import MOST_RUN, Engine, outcomes_of, with_outcomes
from assay.ask.engine.features import Scene
from assay.ask.engine.lexicon import Lexicon
from assay.ask.engine.propose import Draft
from assay.ask.engine.rank import WEIGHTS, Head, Model, Trees
from assay.ask.engine.sketch import HEADS, pieces, surroundings
from assay.ask.engine.slots import ROLES
from assay.ask.engine.sure import row
from assay.ask.engine.values import ValueIndex
from assay.ask.engine.weigh import Outcome
from assay.ask.engine.words import name_words
from assay.ask.graph import Graph

FOLDS = 4
HALVES = 2
"""Of the folds, for what learns from the rankers' scores."""
FOREIGN, BEREFT = 6, 8
"""Questions without an answer that the judges see, of each database."""
Floats = NDArray[np.float32]


@dataclass
class Example:
    """One wording of one question, seen with a lexicon mined from other databases."""

    case: Case
    scene: Scene
    labels: Labels
    pieces: list[str]
    spans: list[tuple[list[str], str]]


@dataclass
class Ranked:
    """The candidates of one example, made by models that never saw its database."""

    fold: int
    rows: Floats
    right: NDArray[np.int8]
    outcomes: list[Outcome | None]


def say(text: str) -> None:
    """Progress, on stderr."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)  # noqa: T201


def name_stems(graph: Graph, table: int, column: int) -> tuple[str, ...]:
    """The stems of a column's name."""
    found = graph.column(table, column)
    return name_words(found.words or found.name)


def mined(found: dict[str, list[Case]], graphs: dict[str, Graph]) -> Lexicon:
    """The lexicon of some databases."""
    pairs: list[Pair] = []
    uses: list[Use] = []
    for database, some in found.items():
        graph = graphs[database]
        schema = frozenset(
            stem for at, table in enumerate(graph.tables) for place in range(len(table.columns))
            for stem in name_stems(graph, at, place)
        )  # fmt: skip
        for case in some:
            pairs.append(case.wordings())
            if case.gold is not None:
                gold = frozenset(
                    stem for ref in names(case.gold) if ref.column is not None
                    for stem in name_stems(graph, ref.table, ref.column)
                )  # fmt: skip
                uses.extend((database, words, schema, gold) for words in case.wordings())
    return lexicon(pairs, uses)


_GRAPHS: dict[str, Graph] = {}
_MODEL: dict[int, Model] = {}
_EXAMPLES: list[Example] = []


def blank(words: Lexicon) -> Model:
    """A model that links and nothing more."""
    return Model({}, {}, words, {})


def _scenes(task: tuple[str, list[Case], Lexicon]) -> list[Example]:
    database, some, words = task
    engine = Engine(_GRAPHS[database], values(database, _GRAPHS[database]), blank(words))
    found: list[Example] = []
    for case in some:
        if case.gold is None:
            continue
        for text in case.wordings():
            scene = engine.scene(text)
            marked = label(scene, case.gold)
            spans = [(surroundings(scene.links, scene.links.spans[at]), name) for at, name in marked.operators]
            found.append(Example(case, scene, marked, pieces(scene.links), spans))
    return found


def stage_one(examples: list[Example], words: Lexicon, rounds: int) -> Model:
    """Heads and slot scorers."""
    heads: dict[str, Head] = {}
    for at, name in enumerate(HEADS[:-1]):
        heads[name] = fit.head([one.pieces for one in examples], [one.labels.sketch.parts()[at] for one in examples])
    spans = [pair for one in examples for pair in one.spans]
    heads["operator"] = fit.head([bag for bag, _ in spans], [name for _, name in spans])
    trees: dict[str, Trees] = {}
    columns = np.concatenate([one.scene.column_rows for one in examples])
    for role in ROLES:
        marks = np.concatenate([one.labels.columns[role] for one in examples])
        trees[role] = fit.trees(columns, marks, rounds)
    counted = [one for one in examples if one.labels.tables is not None]
    marks = np.concatenate([one.labels.tables or [] for one in counted])
    trees["table"] = fit.trees(np.concatenate([one.scene.table_rows for one in counted]), marks, rounds)
    valued = [one for one in examples if one.scene.atoms]
    marks = np.concatenate([one.labels.atoms for one in valued])
    trees["atom"] = fit.trees(np.concatenate([one.scene.atom_rows for one in valued]), marks, rounds)
    return Model(heads, trees, words, together([one.labels.sketch.parts() for one in examples]))


def together(sketches: list[tuple[str, ...]]) -> dict[str, float]:
    """How much oftener each sketch is met than its parts would have it, in nats."""
    total = len(sketches)
    parts = [Counter(sketch[at] for sketch in sketches) for at in range(5)]
    found: dict[str, float] = {}
    for sketch, count in sorted(Counter(sketches).items()):
        expected = total * float(np.prod([part[name] / total for part, name in zip(parts, sketch, strict=True)]))
        found["\t".join(sketch)] = round(log((count + 0.5) / (expected + 0.5)), 3)
    return found


def _candidates(task: tuple[str, list[Example], int]) -> list[Ranked]:
    database, examples, fold = task
    graph = _GRAPHS[database]
    engine, suite = Engine(graph, ValueIndex.empty(), _MODEL[fold]), Suite(database, graph)
    found: list[Ranked] = []
    for one in examples:
        gold = suite.gold(one.case.sql)
        drafts = engine.drafts(one.scene)
        if gold is not None and drafts:
            found.append(_ranked(fold, engine.weights(one.scene, drafts), drafts, suite.own, gold))
    return found


def _lacking(task: tuple[str, list[Lacking], int, Lexicon]) -> list[Ranked]:
    """Candidates for questions whose answer is not there: every one is wrong, unless it happens to give the rows."""
    database, some, fold, words = task
    held, suite = values(database, _GRAPHS[database]), Suite(database, _GRAPHS[database])
    found: list[Ranked] = []
    for one in some:
        stored = held if one.graph is _GRAPHS[database] else values(database, one.graph)
        engine = Engine(one.graph, stored, replace(_MODEL[fold], lexicon=words))
        runner = Runner(connect(database), one.graph)
        seen = engine.scene(one.text)
        drafts = engine.drafts(seen)
        if drafts:
            gold = suite.gold(one.case.sql) if one.why == "bereft" else None
            found.append(_ranked(fold, engine.weights(seen, drafts), drafts, runner, gold))
    return found


def _ranked(fold: int, rows: Floats, drafts: list[Draft], runner: Runner, gold: Gold | None) -> Ranked:
    texts = [runner.text(draft.query) for draft in drafts]
    right = [int(gold is not None and text is not None and gold.right_text(text)) for text in texts]
    outcomes = outcomes_of(runner.query, [draft.query for draft in drafts])
    return Ranked(fold, rows, np.asarray(right, dtype=np.int8), outcomes)


@dataclass
class Shortlist:
    """The first candidates of one example, by scores of a ranker that never saw it, and what running them showed."""

    fold: int
    scores: Floats
    """Of all candidates, best first."""
    best: Floats
    """What the ranker saw of the best one."""
    rows: Floats
    right: NDArray[np.int8]


def shortlist(first: dict[int, Trees], one: Ranked) -> Shortlist:
    """Rank with the other half's ranker."""
    scores = first[one.fold % HALVES].score(one.rows)
    order = np.argsort(-scores, kind="stable")
    near = order[:MOST_RUN]
    shown = with_outcomes(one.rows[near], scores[near], [one.outcomes[at] for at in near.tolist()])
    return Shortlist(one.fold, scores[order], one.rows[order[0]], shown, one.right[near])


def learn(some: list[tuple[Floats, NDArray[np.int8]]]) -> Trees:
    """A ranker, on the candidates of examples that hold a right one."""
    useful = [(rows, right) for rows, right in some if right.any()]
    return fit.ranker(
        np.concatenate([rows for rows, _ in useful]), np.concatenate([right for _, right in useful]),
        [len(rows) for rows, _ in useful],
    )  # fmt: skip


def stage_two(
    found: list[Ranked], lacking: list[Ranked]
) -> tuple[dict[str, Trees], dict[str, list[tuple[float, int]]]]:
    """The two rankers, without rows and with them, the two judges of the best reading, and what held-out judges say.

    Whatever learns from scores learns from those that a model gave to databases it never saw."""
    first = crossed(found)
    lists = [shortlist(first, one) for one in found]
    again = crossed(lists)
    ways = {
        "sure": (before_running(lists), before_running([shortlist(first, one) for one in lacking])),
        "sure_ran": (after_running(again, lists), after_running(again, [shortlist(first, one) for one in lacking])),
    }
    judges = {name: judge([*with_answer, *without]) for name, (with_answer, without) in ways.items()}
    beliefs = {name: held_out(*both) for name, both in ways.items()}
    rankers = {
        name: learn([(one.rows, one.right) for one in some]) for name, some in (("rank", found), ("rerank", lists))
    }
    return rankers | judges, beliefs


@dataclass
class Judged:
    """The best reading of an example, as its judge sees it."""

    fold: int
    row: Floats
    right: int


def judge(some: list[Judged]) -> Trees:
    """Trees for whether the best reading is right."""
    return fit.judge(np.stack([one.row for one in some]), np.asarray([one.right for one in some]))


def held_out(with_answer: list[Judged], without: list[Judged]) -> list[tuple[float, int]]:
    """What is believed of each example that has an answer by a judge that never saw its database, and what is true."""
    found: list[tuple[float, int]] = []
    for half in range(HALVES):
        some = [one for one in with_answer if one.fold % HALVES == half]
        known = judge([one for one in (*with_answer, *without) if one.fold % HALVES != half])
        believed: list[float] = known.score(np.stack([one.row for one in some])).tolist()
        found += zip(believed, [one.right for one in some], strict=True)
    return found


def before_running(some: list[Shortlist]) -> list[Judged]:
    """By the first ranker's order."""
    return [Judged(one.fold, row(one.scores, one.best), int(one.right[0])) for one in some]


def after_running(again: dict[int, Trees], some: list[Shortlist]) -> list[Judged]:
    """By the second ranker's order."""
    found: list[Judged] = []
    for one in some:
        scores = again[one.fold % HALVES].score(one.rows)
        order = np.argsort(-scores, kind="stable")
        found.append(Judged(one.fold, row(scores[order], one.rows[order[0]]), int(one.right[order[0]])))
    return found


def crossed(some: Sequence[Ranked | Shortlist]) -> dict[int, Trees]:
    """For each half of the folds, a ranker that learned from the other half."""
    return {half: learn([(one.rows, one.right) for one in some if one.fold % HALVES != half]) for half in range(HALVES)}


def save(model: Model, folder: Path, facts: dict[str, Any]) -> None:
    """Write the files and their digests."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / "heads.npz", **{name: head.weights for name, head in model.heads.items()})
    arrays = {f"{name}.{field}": array for name, tree in model.trees.items() for field, array in tree.arrays.items()}
    np.savez_compressed(folder / "trees.npz", **arrays)
    words = {"phrases": model.lexicon.phrases, "associations": model.lexicon.associations,
             "combinations": model.combinations}  # fmt: skip
    (folder / "lexicon.json").write_text(json.dumps(words, ensure_ascii=False, sort_keys=True), encoding="utf-8")
    files = ("heads.npz", "trees.npz", "lexicon.json")
    card = {
        "heads": {name: list(head.classes) for name, head in model.heads.items()},
        "trees": list(model.trees),
        "sha256": {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files},
        "trained": facts,
    }
    (folder / "model.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Train on the training databases only."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--cache", type=Path, help="folder for intermediate results, to try the later steps again")
    parser.add_argument("--ranked", type=int, default=100_000, help="examples that the rankers learn on, at most")
    parser.add_argument("--every", type=int, default=1, help="take each so-manieth question only, to be quick")
    parser.add_argument("--rounds", type=int, default=80)
    asked = parser.parse_args()
    _GRAPHS.update(spider.graphs())
    found = cached(asked.cache, "cases", lambda: cases(_GRAPHS, "training"))
    found = {name: some[:: asked.every] for name, some in found.items()}
    fold_of = {database: at % FOLDS for at, database in enumerate(found)}
    lexicons = {
        fold: mined({name: some for name, some in found.items() if fold_of[name] != fold}, _GRAPHS)
        for fold in range(FOLDS)
    }
    say(f"{sum(map(len, found.values()))} questions, {len(found)} databases")
    examples = cached(asked.cache, "scenes", lambda: scenes(found, fold_of, lexicons))
    say(f"{len(examples)} examples")
    whole = mined(found, _GRAPHS)
    _EXAMPLES.extend(examples)
    tasks = [(None, whole, fold_of, asked.rounds)]
    tasks += [(fold, lexicons[fold], fold_of, asked.rounds) for fold in range(FOLDS)]
    model, *parts = cached(asked.cache, "stages", lambda: stages(tasks))
    _MODEL.update(enumerate(parts))
    say("first stage")
    ranked = cached(asked.cache, "ranked", lambda: candidates(examples, fold_of, asked.ranked))
    lacking = cached(asked.cache, "lacking", lambda: without_answer(found, fold_of, lexicons))
    share = sum(one.right.any() for one in ranked) / len(ranked)
    say(f"{len(ranked)} ranked, oracle {share:.3f}, first {sum(int(one.right[0]) for one in ranked) / len(ranked):.3f}")
    trees, believed = stage_two(ranked, lacking)
    model.trees.update(trees)
    facts = {"examples": len(examples), "databases": len(found), "ranked": len(ranked), "oracle": round(share, 4)}
    save(model, asked.out, facts)
    (asked.out / HELD_OUT).write_text(json.dumps(believed), encoding="utf-8")
    say("trained")
    say(json.dumps(calibrate(asked.out, 0 if asked.every == 1 else len(examples))))


def _stage(task: tuple[int | None, Lexicon, dict[str, int], int]) -> Model:
    fold, words, fold_of, rounds = task
    return stage_one([one for one in _EXAMPLES if fold is None or fold_of[one.case.database] != fold], words, rounds)


def stages(tasks: list[tuple[int | None, Lexicon, dict[str, int], int]]) -> list[Model]:
    """The first stage on everything, and on everything but each fold; side by side, each on one thread."""
    with get_context("fork").Pool(2) as pool:
        return pool.map(_stage, tasks, chunksize=1)


def scenes(found: dict[str, list[Case]], fold_of: dict[str, int], lexicons: dict[int, Lexicon]) -> list[Example]:
    """Every wording linked; two processes."""
    tasks = [(name, some, lexicons[fold_of[name]]) for name, some in found.items()]
    with get_context("fork").Pool(2) as pool:
        return [one for some in pool.imap(_scenes, tasks) for one in some]


def candidates(examples: list[Example], fold_of: dict[str, int], most: int) -> list[Ranked]:
    """Candidates of every example that was drawn, run and compared."""
    drawn = sorted(random.Random(fit.SEED).sample(range(len(examples)), min(most, len(examples))))  # noqa: S311
    by_database: dict[str, list[Example]] = {}
    for at in drawn:
        by_database.setdefault(examples[at].case.database, []).append(examples[at])
    tasks = [(name, some, fold_of[name]) for name, some in sorted(by_database.items())]
    with get_context("fork").Pool(2) as pool:
        return [one for some in pool.imap(_candidates, tasks) for one in some]


def without_answer(found: dict[str, list[Case]], fold_of: dict[str, int], lexicons: dict[int, Lexicon]) -> list[Ranked]:
    """Candidates for questions that their database cannot answer."""
    by_database: dict[str, list[Lacking]] = {}
    for name, one in (*foreign(found, _GRAPHS, FOREIGN), *bereft(found, _GRAPHS, BEREFT)):
        by_database.setdefault(name, []).append(one)
    tasks = [(name, some, fold_of[name], lexicons[fold_of[name]]) for name, some in sorted(by_database.items())]
    with get_context("fork").Pool(2) as pool:
        return [one for some in pool.imap(_lacking, tasks) for one in some]


def cached(folder: Path | None, name: str, make: Any) -> Any:
    """A step's result, kept while one works on later steps. The files are our own: they are never shipped."""
    if folder is None:
        return make()
    path = folder / f"{name}.pickle"
    if path.exists():
        return pickle.loads(path.read_bytes())  # noqa: S301
    folder.mkdir(parents=True, exist_ok=True)
    made = make()
    path.write_bytes(pickle.dumps(made))
    return made


if __name__ == "__main__":
    main()

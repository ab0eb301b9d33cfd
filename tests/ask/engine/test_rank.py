"""Models at run time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from assay.ask.engine.rank import TREE_FIELDS, WEIGHTS, BadWeights, Head, Trees, load


def _stored(nodes: list[list[tuple[int, float, int, int, float]]]) -> dict[str, np.ndarray]:
    kinds = (np.int32, np.float32, np.int32, np.int32, np.float32)
    columns = zip(*[zip(*tree, strict=True) for tree in nodes], strict=True)
    return {
        field: np.array(column, dtype=kind) for field, column, kind in zip(TREE_FIELDS, columns, kinds, strict=True)
    }


def _walk(arrays: dict[str, np.ndarray], row: np.ndarray) -> float:
    total = np.float32(0)
    for feature, threshold, left, right, value in zip(*(arrays[field] for field in TREE_FIELDS), strict=True):
        at = 0
        while left[at] != at:
            at = left[at] if row[feature[at]] <= threshold[at] else right[at]
        total += value[at]
    return float(total)


def test_a_row_ends_at_the_leaf_that_its_answers_lead_to() -> None:
    trees = Trees(_stored([[(0, 0.5, 1, 2, 0.0), (0, np.inf, 1, 1, -1.0), (0, np.inf, 2, 2, 2.0)]]))
    assert trees.score(np.array([[0.5], [0.6]], dtype=np.float32)).tolist() == [-1.0, 2.0]
    assert trees.score(np.zeros((0, 1), dtype=np.float32)).shape == (0,)


@pytest.mark.parametrize("name", ["select", "rank", "sure"])
def test_all_nodes_asked_at_once_end_where_a_walk_does(name: str) -> None:
    trees = load().trees[name]
    scale = np.array([[0.1], [1], [5], [20]], dtype=np.float32)
    rows = np.random.default_rng(7).normal(size=(4, int(trees.arrays["feature"].max()) + 1)).astype(np.float32) * scale
    rows[0] = rows[0].round()
    assert trees.score(rows) == pytest.approx([_walk(trees.arrays, row) for row in rows], abs=1e-4)


def test_a_tree_with_more_leaves_than_are_read_is_refused() -> None:
    chain = [(0, 0.0, at + 1, at + 2, 0.0) if at % 2 == 0 and at < 64 else (0, 0.0, at, at, 1.0) for at in range(65)]
    with pytest.raises(ValueError, match="33 leaves"):
        Trees(_stored([chain]))


def test_a_heads_probabilities_sum_to_one() -> None:
    head = Head(("a", "b", "c"), np.arange(12, dtype=np.float16).reshape(4, 3))
    assert sum(map(np.exp, head.log_probabilities(np.array([0, 3])).values())) == pytest.approx(1.0)


def test_the_shipped_weights_load_and_are_small() -> None:
    model = load()
    assert {"rank", "rerank", "select", "atom"} <= set(model.trees)
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) <= 8 * 2**20


@pytest.mark.parametrize("name", ["heads.npz", "trees.npz", "lexicon.json"])
def test_a_file_that_was_changed_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(WEIGHTS, folder)
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(BadWeights, match=name):
        load(folder)


def test_missing_weights_are_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(BadWeights):
        load(tmp_path)
    (tmp_path / "model.json").write_text(json.dumps({}))
    with pytest.raises(BadWeights):
        load(tmp_path)

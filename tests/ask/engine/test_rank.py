"""Models at run time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from assay.ask.engine.rank import WEIGHTS, BadWeights, Head, Trees, load


def test_trees_are_walked_to_their_leaves() -> None:
    trees = Trees(
        np.array([[0, 0, 0]], dtype=np.int32), np.array([[0.5, np.inf, np.inf]], dtype=np.float32),
        np.array([[1, 1, 2]], dtype=np.int32), np.array([[2, 1, 2]], dtype=np.int32),
        np.array([[0.0, -1.0, 2.0]], dtype=np.float32), depth=3,
    )  # fmt: skip
    assert trees.score(np.array([[0.5], [0.6]], dtype=np.float32)).tolist() == [-1.0, 2.0]
    assert trees.score(np.zeros((0, 1), dtype=np.float32)).shape == (0,)


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

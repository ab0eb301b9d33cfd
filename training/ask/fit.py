"""Fits the linear heads and the boosted trees, and turns both into the arrays that the engine reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from assay.ask.engine.rank import BUCKETS, TREE_FIELDS, Head, Trees, bucket

SEED = 7
COMMON: dict[str, Any] = {
    "seed": SEED, "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
    "use_missing": False, "learning_rate": 0.08, "num_leaves": 31, "min_data_in_leaf": 40, "feature_fraction": 0.5,
    "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 5.0, "max_bin": 63,
}  # fmt: skip


def head(bags: Sequence[Sequence[str]], classes: Sequence[str], least: int = 6, strength: float = 12.0) -> Head:
    """A softmax over the classes that are met at least so often."""
    counts = Counter(classes)
    rows = [at for at, name in enumerate(classes) if counts[name] >= least]
    pointers, places, values = [0], [], []
    for at in rows:
        found = bucket(bags[at])
        places.append(found)
        values.append(np.full(len(found), 1 / np.sqrt(len(found)), dtype=np.float32))
        pointers.append(pointers[-1] + len(found))
    matrix = csr_matrix(
        (np.concatenate(values), np.concatenate(places), np.asarray(pointers)), shape=(len(rows), BUCKETS)
    )
    # No intercept: every bag holds the piece "bias".
    model = LogisticRegression(C=strength, max_iter=35, tol=1e-3, fit_intercept=False)
    model.fit(matrix, [classes[at] for at in rows])
    weights: NDArray[Any] = model.coef_
    if len(model.classes_) == 2:
        weights = np.concatenate([-weights / 2, weights / 2])
    return Head(tuple(map(str, model.classes_)), weights.T.astype(np.float16))


def trees(rows: NDArray[np.float32], labels: NDArray[Any], rounds: int = 120, **more: Any) -> Trees:
    """Boosted trees for yes or no."""
    parameters = COMMON | {"objective": "binary"} | more
    return convert(lightgbm.train(parameters, lightgbm.Dataset(rows, labels), rounds))


def ranker(
    rows: NDArray[np.float32], labels: NDArray[Any], groups: Sequence[int], rounds: int = 400, **more: Any
) -> Trees:
    """Boosted trees that put right candidates before wrong ones."""
    parameters = COMMON | {
        "objective": "lambdarank", "lambdarank_truncation_level": 12, "label_gain": [0, 1], "learning_rate": 0.06,
        "num_leaves": 15,
    } | more  # fmt: skip
    return convert(lightgbm.train(parameters, lightgbm.Dataset(rows, labels, group=list(groups)), rounds))


def judge(rows: NDArray[np.float32], labels: NDArray[Any]) -> Trees:
    """Boosted trees for whether the best reading is right: small ones, since there is one row a question."""
    return trees(rows, labels, 110, num_leaves=10, learning_rate=0.05, min_data_in_leaf=30, feature_fraction=0.3)


def convert(model: Any) -> Trees:
    """LightGBM's trees as arrays; each leaf points at itself."""
    dumped = model.dump_model()["tree_info"]
    flat = [_flatten(tree["tree_structure"]) for tree in dumped]
    width = max(map(len, flat))
    kinds = (np.int32, np.float32, np.int32, np.int32, np.float32)
    arrays = {field: np.zeros((len(flat), width), kind) for field, kind in zip(TREE_FIELDS, kinds, strict=True)}
    for at, nodes in enumerate(flat):
        for place, node in enumerate(nodes):
            for array, value in zip(arrays.values(), node, strict=True):
                array[at, place] = value
    return Trees(arrays)


def _flatten(root: dict[str, Any]) -> list[tuple[int, float, int, int, float]]:
    nodes: list[tuple[int, float, int, int, float]] = []

    def walk(node: dict[str, Any]) -> int:
        at = len(nodes)
        if "split_feature" not in node:
            nodes.append((0, np.inf, at, at, float(node["leaf_value"])))
            return at
        nodes.append((0, 0.0, 0, 0, 0.0))
        assert node["decision_type"] == "<="
        left, right = walk(node["left_child"]), walk(node["right_child"])
        # float32 rounds the threshold; half a step up keeps "equal" on the side it was learned on.
        threshold = np.nextafter(np.float32(node["threshold"]), np.float32(np.inf))
        nodes[at] = (int(node["split_feature"]), float(threshold), left, right, 0.0)
        return at

    walk(root)
    return nodes

"""Learned models at run time: boosted trees and linear heads in numpy, read from files whose digests are checked."""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.ask.engine.lexicon import Lexicon

Floats = NDArray[np.float32]
BUCKETS: Final = 1 << 14
TREE_FIELDS: Final = ("feature", "threshold", "left", "right", "value")
_MOST_LEAVES: Final = 32
WEIGHTS = Path(__file__).parent.parent / "weights"


class BadWeights(Exception):
    """A file of the model is missing, or is not the one that was trained."""


class Trees:
    """Gradient-boosted trees of at most 32 leaves each, scored without a walk.

    Every node is asked at once, and one that answers "right" crosses out the leaves to its left; the leftmost leaf that
    remains is where a walk would have ended (QuickScorer: Lucchese et al., SIGIR 2015).
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take what is stored: an array of (tree, node) for each of TREE_FIELDS; a leaf points at itself.

        Raises ValueError where a tree has more leaves."""
        self.arrays = arrays
        feature, threshold, left, right, value = (arrays[field] for field in TREE_FIELDS)
        trees = len(feature)
        inner = (feature.shape[1] - 1) // 2
        self._feature = np.zeros((inner, trees), dtype=np.intp)
        self._threshold = np.full((inner, trees, 1), np.inf, dtype=np.float32)
        self._crossed = np.zeros((inner, trees, 1), dtype=np.uint32)
        self._value = np.zeros(trees << 5, dtype=np.float32)
        self._first = (np.arange(trees, dtype=np.intp) << 5)[:, None]
        for tree in range(trees):
            asked, ends = _in_order(left[tree].tolist(), right[tree].tolist())
            if len(ends) > _MOST_LEAVES:
                raise ValueError(f"a tree has {len(ends)} leaves; at most {_MOST_LEAVES} are read")
            nodes = [node for node, _ in asked]
            self._feature[: len(asked), tree] = feature[tree, nodes]
            self._threshold[: len(asked), tree, 0] = threshold[tree, nodes]
            self._crossed[: len(asked), tree, 0] = [leaves for _, leaves in asked]
            self._value[tree << 5 : (tree << 5) + len(ends)] = value[tree, ends]

    def score(self, rows: Floats) -> Floats:
        """The sum of the trees' leaves for each row (log-odds, or a rank score). Shape (n, features) -> (n,)."""
        if not len(rows):
            return np.zeros(0, dtype=np.float32)
        columns: Floats = np.ascontiguousarray(np.swapaxes(rows, 0, 1))
        goes_right = np.take(columns, self._feature, axis=0) > self._threshold
        remain = ~np.bitwise_or.reduce(self._crossed * goes_right, axis=0)
        leaf = np.frexp((remain & -remain).astype(np.float32))[1] - 1
        values: Floats = np.ascontiguousarray(np.swapaxes(self._value[self._first + leaf], 0, 1))
        return values.sum(axis=1, dtype=np.float32)


def _in_order(left: list[int], right: list[int]) -> tuple[list[tuple[int, int]], list[int]]:
    """The inner nodes of a tree, each with the bits of the leaves to its left, and its leaves in order."""
    asked: list[tuple[int, int]] = []
    leaves: list[int] = []

    def visit(node: int) -> None:
        if left[node] == node:
            leaves.append(node)
            return
        first = len(leaves)
        visit(left[node])
        asked.append((node, (1 << len(leaves)) - (1 << first)))
        visit(right[node])

    visit(0)
    return asked, leaves


@dataclass(frozen=True, slots=True)
class Head:
    """A softmax over classes of a bag of hashed strings."""

    classes: tuple[str, ...]
    weights: NDArray[np.float16]
    """Shape (BUCKETS, classes)."""

    def log_probabilities(self, places: NDArray[np.int64]) -> dict[str, float]:
        """Of each class, in nats."""
        scale = 1.0 / np.sqrt(max(len(places), 1))
        sums = self.weights[places].astype(np.float32).sum(axis=0) * scale
        sums -= sums.max()
        sums -= np.log(np.exp(sums).sum())
        return dict(zip(self.classes, sums.tolist(), strict=True))


def bucket(pieces: Sequence[str]) -> NDArray[np.int64]:
    """Where the pieces lie in a head; crc32 is the same on every machine."""
    return np.unique(np.asarray([zlib.crc32(piece.encode()) % BUCKETS for piece in pieces], dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Model:
    """All that was learned."""

    heads: dict[str, Head]
    trees: dict[str, Trees]
    lexicon: Lexicon
    combinations: dict[str, float]
    """Of each sketch, its parts joined by a tab: log of how much oftener it was met than its parts would have it."""


def _arrays(path: Path, digest: str) -> dict[str, NDArray[Any]]:
    with np.load(io.BytesIO(checked(path, digest)), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def checked(path: Path, digest: str) -> bytes:
    """The bytes of a file whose SHA-256 is this one. Raises BadWeights."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadWeights(f"{path.name} cannot be read: {error}") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise BadWeights(f"{path.name} is not the file that was trained: its SHA-256 differs")
    return data


def load(folder: Path = WEIGHTS) -> Model:
    """Read a model and check every file's SHA-256 against model.json. Raises BadWeights."""
    try:
        card: dict[str, Any] = json.loads((folder / "model.json").read_bytes())
        digests: dict[str, str] = card["sha256"]
        heads = _arrays(folder / "heads.npz", digests["heads.npz"])
        trees = _arrays(folder / "trees.npz", digests["trees.npz"])
        words: dict[str, Any] = json.loads(checked(folder / "lexicon.json", digests["lexicon.json"]))
        phrases = {key: [(str(to), float(weight)) for to, weight in found] for key, found in words["phrases"].items()}
        return Model(
            {name: Head(tuple(classes), heads[name]) for name, classes in card["heads"].items()},
            {name: Trees({field: trees[f"{name}.{field}"] for field in TREE_FIELDS}) for name in card["trees"]},
            Lexicon(phrases, words["associations"]),
            words["combinations"],
        )
    except (KeyError, ValueError, OSError) as error:
        raise BadWeights(f"the model in {folder.name} cannot be read: {error}") from error

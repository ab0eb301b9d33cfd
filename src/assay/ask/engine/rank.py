"""Learned models at run time: boosted trees and linear heads in numpy, read from files whose digests are checked."""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.ask.engine.lexicon import Lexicon

Floats = NDArray[np.float32]
BUCKETS: Final = 1 << 14
WEIGHTS = Path(__file__).parent.parent / "weights"


class BadWeights(Exception):
    """A file of the model is missing, or is not the one that was trained."""


@dataclass(frozen=True, slots=True)
class Trees:
    """Gradient-boosted trees, as arrays of (tree, node); a leaf points at itself, so that a walk may overrun it."""

    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float32]
    depth: int

    def score(self, rows: Floats) -> Floats:
        """The sum of the trees' leaves for each row (log-odds, or a rank score). Shape (n, features) -> (n,)."""
        count, trees = len(rows), len(self.feature)
        if not count:
            return np.zeros(0, dtype=np.float32)
        nodes = self.feature.shape[1]
        places = np.broadcast_to(np.arange(trees, dtype=np.int64) * nodes, (count, trees)).copy()
        base = np.arange(trees, dtype=np.int64) * nodes
        flat_rows = np.ascontiguousarray(rows).ravel()
        offsets = (np.arange(count, dtype=np.int64) * rows.shape[1])[:, None]
        feature, threshold = self.feature.ravel(), self.threshold.ravel()
        left, right = self.left.ravel(), self.right.ravel()
        for _ in range(self.depth):
            goes_left = flat_rows[offsets + feature[places]] <= threshold[places]
            places = base + np.where(goes_left, left[places], right[places])
        return self.value.ravel()[places].sum(axis=1, dtype=np.float32)


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


TREE_FIELDS = ("feature", "threshold", "left", "right", "value")


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
            {
                name: Trees(*(trees[f"{name}.{field}"] for field in TREE_FIELDS), depth=int(depth))
                for name, depth in card["trees"].items()
            },
            Lexicon(phrases, words["associations"]),
            words["combinations"],
        )
    except (KeyError, ValueError, OSError) as error:
        raise BadWeights(f"the model in {folder.name} cannot be read: {error}") from error

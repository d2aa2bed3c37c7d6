"""Maximum inner-product search: the models whose vectors have the largest product with a dataset's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from zoograph.data.files.optional_imports import import_faiss

_FLAT = 20_000  # up to so many vectors all are compared
_TRAINED_ON = 60  # vectors a list that lists are learned from
_MOST_LISTS = 4_096


class ModelIndex:
    """Vectors in lists of near ones, of which a question reads a few (FAISS; Douze et al., 2024, "The Faiss library").

    It is exact but for lists that are not read: products are those of the vectors themselves. Up to 20,000 vectors are
    all read. FAISS keeps threads of its own beside torch's, so it is held to one.

    Args:
        index: of FAISS.

    Raises:
        ZoographError: if FAISS is not installed.
    """

    def __init__(self, index: Any) -> None:
        self._index = index
        import_faiss().omp_set_num_threads(1)

    @classmethod
    def build(cls, vectors: np.ndarray, seed: int = 0) -> ModelIndex:
        """Return the index of (N, C) float32 vectors, which may be memory-mapped."""
        faiss = import_faiss()
        faiss.omp_set_num_threads(1)
        size, width = vectors.shape
        if size <= _FLAT:
            index = faiss.IndexFlatIP(width)
        else:
            lists = min(_MOST_LISTS, int(4 * size**0.5))
            index = faiss.IndexIVFFlat(faiss.IndexFlatIP(width), width, lists, faiss.METRIC_INNER_PRODUCT)
            index.cp.seed, index.cp.niter = seed + 1, 8
            sample = np.sort(np.random.default_rng(seed).choice(size, min(size, _TRAINED_ON * lists), replace=False))
            index.train(np.ascontiguousarray(vectors[sample], np.float32))
        for first in range(0, size, 100_000):
            index.add(np.ascontiguousarray(vectors[first : first + 100_000], np.float32))
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> ModelIndex:
        """Read an index that :meth:`save` wrote."""
        return cls(import_faiss().read_index(str(path)))

    def save(self, path: Path) -> None:
        """Write the index in FAISS's own format, with how many lists a question reads."""
        import_faiss().write_index(self._index, str(path))

    @property
    def num_lists(self) -> int:
        """Lists; 1 where all vectors are read."""
        return int(getattr(self._index, "nlist", 1))

    @property
    def probes(self) -> int:
        """Lists that a question reads."""
        return int(getattr(self._index, "nprobe", 1))

    def read_lists(self, probes: int) -> None:
        """Let each question read so many lists, or all if there are fewer."""
        if self.num_lists > 1:
            self._index.nprobe = min(probes, self.num_lists)

    def tune(self, questions: np.ndarray, k: int, recall: float) -> float:
        """Read as few lists, in powers of two, as find that share of the true k best, and return the share.

        Args:
            questions: (n, C) to tune on; their true answers come from reading all lists.
            k: answers a question.
            recall: in (0, 1].
        """
        self.read_lists(self.num_lists)
        truth, probes = self.search(questions, k), 1
        while True:
            self.read_lists(probes)
            share = recall_at(self.search(questions, k), truth)
            if share >= recall or probes >= self.num_lists:
                return share
            probes *= 2

    def search(self, questions: np.ndarray, k: int) -> np.ndarray:
        """Return the (n, k) numbers of the best of each of (n, C) questions, best first; -1 where fewer were found."""
        _, models = self._index.search(np.ascontiguousarray(questions, np.float32), k)
        return np.asarray(models)


def recall_at(found: np.ndarray, truth: np.ndarray) -> float:
    """Return the share in [0, 1] of true answers (n, k) that were found, whatever their order.

    >>> recall_at(np.array([[3, 1]]), np.array([[1, 2]]))
    0.5
    """
    return float(np.mean([np.isin(right, own).mean() for own, right in zip(found, truth, strict=True)]))

"""Stand-ins for tests: an encoder that needs no weights, and a zoo small enough to check by hand."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zoograph.data.cards import DatasetCard, ModelCard
from zoograph.data.encoders import Encoder
from zoograph.data.snapshot import RELATION_COLUMNS, RUN_COLUMNS, SCORE_COLUMNS, Zoo


class HashEmbedder:
    """An embed callable that derives each vector from a hash of its text.

    The same text gives the same vector in every process and on every machine. Nothing about the vectors
    reflects meaning; different texts are nearly orthogonal in high dimensions.

    Args:
        dim: length of a vector.
    """

    def __init__(self, dim: int = 16) -> None:
        if dim < 1:
            raise ValueError(f"'dim' must be a positive integer in 'HashEmbedder' (got {dim})")
        self.dim = dim

    def __call__(self, texts: list[str]) -> NDArray[np.float32]:
        """Return the vectors of ``texts``, shape ``(n, dim)``, L2-normalised."""
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        digests = [
            hashlib.shake_256(text.encode("utf-8", "surrogatepass")).digest(4 * self.dim) for text in texts
        ]
        integers = np.frombuffer(b"".join(digests), dtype="<u4").reshape(len(texts), self.dim)
        vectors = (integers.astype(np.float64) + 0.5) / 2**31 - 1.0
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors, np.float32)


def hash_encoder(dim: int = 16) -> Encoder:
    """Return a :class:`HashEmbedder` as an encoder, with a digest of its own for each ``dim``."""
    name = f"hash-{dim}"
    return Encoder(name, hashlib.sha256(name.encode()).hexdigest(), dim, HashEmbedder(dim))


def make_toy_zoo() -> Zoo:
    """Return three models, two sketch tasks of one family, a photo task and a corpus, with six runs written by hand."""
    models = [
        ModelCard(id="small", family="resnet", parameters=10, imagenet_top1=0.7, pretrained_on="corpus", source="toy"),
        ModelCard(id="large", family="resnet", parameters=100, imagenet_top1=0.8, source="toy"),
        ModelCard(id="hub/other", aliases=("other",), family="vit", source="toy"),
    ]
    datasets = [
        DatasetCard(id="s1", family="s", domain="sketch", labels=("Cat", "dog"), num_classes=2, num_samples=20, source="toy"),
        DatasetCard(id="s2", family="s", domain="sketch", labels=("dog", "hot_dog"), num_classes=2, num_samples=80, source="toy"),
        DatasetCard(id="p1", domain="photo", labels=("cat", "car", "jail"), num_classes=3, num_samples=30, source="toy"),
        DatasetCard(id="corpus", num_classes=1000, source="toy"),
    ]
    values = [
        ("small", "s1", 0.5),
        ("small", "s1", 0.7),
        ("small", "p1", 0.9),
        ("large", "s1", 0.8),
        ("large", "s2", 0.6),
        ("hub/other", "p1", 0.4),
    ]
    runs = [(m, d, "head", "top1", value, None, None, "toy") for m, d, value in values]
    runs.append(("small", "s2", "finetune", "top1", 0.1, None, 12, "toy"))
    runs.append(("small", "s2", "head", "f1", 0.2, None, None, "toy"))
    scores = [("small", "p1", "logme", 1.0, "toy"), ("large", "p1", "logme", 3.0, "toy")]
    relations = [("s1", "corpus", "domain_distance", 5.0, "toy")]
    return Zoo(
        {card.id: card for card in models},
        {card.id: card for card in datasets},
        pd.DataFrame(runs, columns=list(RUN_COLUMNS)),
        pd.DataFrame(scores, columns=list(SCORE_COLUMNS)),
        pd.DataFrame(relations, columns=list(RELATION_COLUMNS)),
    )

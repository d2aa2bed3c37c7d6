"""Hash encoder: text vectors that need no weights, for tests."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from zoograph.data.text.encoders.encoder import Encoder


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
        digests = [hashlib.shake_256(text.encode("utf-8", "surrogatepass")).digest(4 * self.dim) for text in texts]
        integers = np.frombuffer(b"".join(digests), dtype="<u4").reshape(len(texts), self.dim)
        vectors = (integers.astype(np.float64) + 0.5) / 2**31 - 1.0
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors, np.float32)


def hash_encoder(dim: int = 16) -> Encoder:
    """Return a :class:`HashEmbedder` as an encoder, with a digest of its own for each ``dim``."""
    name = f"hash-{dim}"
    return Encoder(name, hashlib.sha256(name.encode()).hexdigest(), dim, HashEmbedder(dim))

"""Text encoder: a name, a digest and a function from texts to vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Embed = Callable[[list[str]], NDArray[np.float32]]


@dataclass(frozen=True)
class Encoder:
    """A text encoder.

    The digest alone decides whether two encoders are the same. It covers the bytes of the weight tensors in
    the order of their names, the vocabulary, how a fixed sentence is split, and the pooling recipe; it covers
    no path, no file layout and no metadata. The same weights therefore count as the same encoder wherever
    they were found.

    Attributes:
        id: name for people to read; for a local folder, the folder's name.
        digest: SHA-256 of what decides the vectors.
        dim: length of a vector.
        embed: texts -> float32 vectors of shape ``(n, dim)``, L2-normalised.
    """

    id: str
    digest: str
    dim: int
    embed: Embed = field(repr=False, compare=False)

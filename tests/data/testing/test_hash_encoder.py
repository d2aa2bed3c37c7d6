from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from zoograph.data.testing.hash_encoder import HashEmbedder


def test_the_same_text_gives_the_same_vector_in_every_process() -> None:
    code = (
        "from zoograph.data.testing.hash_encoder import HashEmbedder; "
        "print(HashEmbedder(4)(['cat', 'naïve']).astype('<f4').tobytes().hex())"
    )
    for seed in ("0", "1"):
        ran = subprocess.run(
            [
                sys.executable,
                "-X",
                "utf8",
                "-c",
                f"import os; os.environ['PYTHONHASHSEED'] = '{seed}'; {code}",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        assert ran.stdout.strip() == HashEmbedder(4)(["cat", "naïve"]).astype("<f4").tobytes().hex()


def test_vectors_are_normalised_and_differ() -> None:
    vectors = HashEmbedder(512)(["cat", "dog", "cat"])
    assert (vectors.shape, vectors.dtype) == ((3, 512), np.float32)
    np.testing.assert_allclose(vectors @ vectors.T, [[1, 0, 1], [0, 1, 0], [1, 0, 1]], atol=0.15)
    assert HashEmbedder(3)([]).shape == (0, 3)


def test_dim_must_be_positive() -> None:
    with pytest.raises(ValueError, match="'dim' must be a positive integer"):
        HashEmbedder(0)

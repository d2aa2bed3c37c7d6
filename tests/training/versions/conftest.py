"""Predictors on disk that tests of versions start from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from zoograph.training.versions.artifact import COLUMNS, PREDICTIONS, WEIGHTS, Artifact, Manifest
from zoograph.training.versions.save import save_artifact

Make = Callable[..., Manifest]
TABLE = np.arange(2, dtype=np.float32)[:, None] / 10 + np.arange(3, dtype=np.float32) / 100
FILES = {
    WEIGHTS: save({"w": np.zeros(2, np.float32)}),
    PREDICTIONS: save({name: TABLE + k for k, name in enumerate(COLUMNS)}),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of all versions of one predictor, not made yet."""
    return tmp_path / "predictors" / "head-toy"


@pytest.fixture
def files() -> dict[str, bytes]:
    """The files of a version: the value of (model i, dataset j) in column k is k + i / 10 + j / 100."""
    return FILES


@pytest.fixture
def saved(root: Path, make_manifest: Make) -> Artifact:
    """A version that answers."""
    return save_artifact(root, make_manifest(), FILES)

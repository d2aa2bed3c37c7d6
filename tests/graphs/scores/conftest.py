"""Published reference values: fixtures that give the arrays of a case, and what an implementation returns on them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

GOLDEN = Path(__file__).parent / "golden"


class Reference(NamedTuple):
    """A published value, and how far (relative) it moves by itself under a permutation or another seed."""

    value: float
    noise: float

    @property
    def rel(self) -> float:
        """The relative tolerance of a test against it."""
        return max(1e-6, 10 * self.noise)


@cache
def _arrays() -> dict[str, Tensor]:
    with np.load(GOLDEN / "cases.npz", allow_pickle=False) as stored:
        arrays = {name: torch.from_numpy(stored[name]) for name in stored.files}
    return {name: array.double() if array.is_floating_point() else array.long() for name, array in arrays.items()}


@cache
def _references() -> dict[tuple[str, str, str], Reference]:
    rows = json.loads((GOLDEN / "values.json").read_text(encoding="utf-8"))
    return {(row["score"], row["variant"], row["case"]): Reference(row["value"], row["noise"]) for row in rows}


def _case(name: str) -> dict[str, Tensor]:
    found = {key.partition(".")[2]: array for key, array in _arrays().items() if key.partition(".")[0] == name}
    assert found, f"no case '{name}'"
    return found


def _reference(score: str, variant: str, case: str) -> Reference:
    return _references()[score, variant, case]


@pytest.fixture
def case() -> Callable[[str], dict[str, Tensor]]:
    """``case(name)``: float64 `X`, `P`, `Xs`, `Yreg` and int64 `y`, `ys` of a case (`c6_many` has no source task)."""
    return _case


@pytest.fixture
def reference() -> Callable[[str, str, str], Reference]:
    """``reference(score, variant, case)``: (value, noise), whose ``rel`` is the tolerance to test at."""
    return _reference

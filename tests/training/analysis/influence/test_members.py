"""Which classes the models of an ensemble see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from zoograph.data.errors import ZoographError
from zoograph.training.analysis.influence.members import count_units, random_members
from zoograph.training.studies.influence.planted import make_planted_case


def test_random_members() -> None:
    few, many = random_members(10, 3), random_members(10, 30)
    assert np.array_equal(few.keep, many.keep[:3])
    assert few.seeds == many.seeds[:3]
    assert (many.keep.sum(1) == 5).all()
    assert len({row.tobytes() for row in many.keep}) > 20
    assert len(set(many.seeds)) == 30
    assert not np.array_equal(random_members(10, 3, seed=1).keep, few.keep)


def test_units_are_classes_or_training_images() -> None:
    source = make_planted_case().source
    assert count_units(source, "class") == 24
    assert count_units(source, "example") == len(source.train_labels) == 8 * (24 + 96 + 12)


def test_errors() -> None:
    source = make_planted_case().source
    with pytest.raises(ZoographError, match=r"at least three classes.*got 2 in 'planted_source'"):
        count_units(replace(source, classes=source.classes[:2]), "class")
    with pytest.raises(ZoographError, match="must be one of class, example"):
        count_units(source, "pixel")
    with pytest.raises(ZoographError, match=r"at least two units in and one out \(got 2 in all\)"):
        random_members(2, 5)

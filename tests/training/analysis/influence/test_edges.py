"""Influences of classes as records of the store."""

from __future__ import annotations

import numpy as np
import pytest

from zoograph.data.errors import ZoographError
from zoograph.data.records.collection import Collection
from zoograph.data.store.store import RecordStore
from zoograph.training.analysis.influence.edges import require_classes, store_influences
from zoograph.training.analysis.influence.estimate import Estimate
from zoograph.training.analysis.influence.small_tasks import corpus_task, glyph_task

TARGET = "glyph_thin_b2_50"


def test_influences_of_classes_are_stored_with_the_cards_of_both_sides(
    toy_zoo: Collection,
) -> None:
    source, target = corpus_task("latin"), glyph_task(TARGET)
    units = len(source.classes)
    overall = np.linspace(-0.1, 0.1, units)
    blank = np.zeros((len(target.classes), units))
    counts = np.full(units, 4)
    counts[1] = 0  # no model saw that class
    known = Estimate("correct", overall, np.full(units, 0.01), blank, blank, counts, np.full(units, 4), 0.5)
    found = store_influences("latin", TARGET, source, target, [known])
    with RecordStore.open() as store:
        zoo = store.snapshot()
    assert len(found) == len(zoo.influences) == units - 1
    assert set(zoo.influences["corpus"]) == {source.id}
    assert set(zoo.influences["dataset"]) == {TARGET}
    assert {source.id, TARGET} <= zoo.datasets.keys()
    told = dict(zip(zoo.influences["label"], zoo.influences["value"], strict=True))
    assert source.classes[1] not in told
    assert told[source.classes[0]] == pytest.approx(-0.1)


def test_influences_of_images_are_refused() -> None:
    require_classes("class")
    with pytest.raises(ZoographError, match=r"Influences of classes can be stored \(got '--unit example'\)"):
        require_classes("example")

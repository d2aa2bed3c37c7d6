"""Collections: their parts fit together, and two of them become one."""

from __future__ import annotations

import pytest

from zoograph.data.errors import RawDataError
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.collection import Collection, merge
from zoograph.data.records.records import ClassInfluence, Protocol, Relation, Run, Score

TOY = Collection(
    models=(
        ModelCard(id="b", source="toy", pretrained_on="pets", aliases=("bee", 'b,"c"')),
        ModelCard(id="a", source="toy", parameters=3, imagenet_top1=0.1 + 0.2),
    ),
    datasets=(
        DatasetCard(id="pets", source="toy", labels=("Großer Hund", "cat")),
        DatasetCard(id="x", source="toy"),
    ),
    runs=(
        Run(
            source="toy",
            model="b",
            dataset="pets",
            protocol=Protocol.HEAD,
            value=1.0,
            hyperparameters={"z": 1, "a": [2.5]},
        ),
        Run(
            source="toy",
            model="a",
            dataset="x",
            protocol=Protocol.FINETUNE,
            value=1 / 3,
            seed=0,
            test_size=7,
        ),
    ),
    scores=(Score(source="toy", model="a", dataset="x", name="logme", value=-1e-7),),
    relations=(Relation(source="toy", dataset="x", other="pets", name="domain_distance", value=8.5),),
    influences=(
        ClassInfluence(source="toy", label="cat", corpus="x", dataset="pets", name="influence_correct", value=-0.25),
    ),
)


def test_merge_completes_cards_and_keeps_repeats() -> None:
    one = Collection(datasets=(DatasetCard(id="d", source="s", num_classes=3, aliases=("x",)),), runs=())
    two = Collection(datasets=(DatasetCard(id="d", source="t", num_samples=9, aliases=("x", "y")),))
    expected = DatasetCard(id="d", source="s; t", num_classes=3, num_samples=9, aliases=("x", "y"))
    assert merge([one, two]).datasets == (expected,)
    assert len(merge([TOY, TOY]).runs) == 2 * len(TOY.runs)
    assert len(merge([TOY, TOY]).models) == len(TOY.models)


def test_merge_refuses_cards_that_disagree() -> None:
    parts = [Collection(datasets=(DatasetCard(id="d", source=s, num_classes=n),)) for s, n in [("s", 3), ("t", 4)]]
    with pytest.raises(RawDataError, match=r"dataset 'd' needs one 'num_classes' .*got 3 from 's' and 4 from 't'"):
        merge(parts)


def test_two_cards_of_one_id_are_refused() -> None:
    with pytest.raises(RawDataError, match=r"The model 'b' needs exactly one card \(got two\)"):
        Collection(models=(TOY.models[0], TOY.models[0])).validate()

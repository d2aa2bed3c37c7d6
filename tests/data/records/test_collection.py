"""Collections: their parts fit together, and two of them become one."""

from __future__ import annotations

import pytest

from zoograph.data.errors import RawDataError
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.collection import Collection, merge
from zoograph.data.records.pretraining import Lineage, LineageKind, Objective
from zoograph.data.records.records import ClassInfluence, Protocol, Relation, Run, Score
from zoograph.data.records.zoo import Zoo

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
CLIP = ModelCard(
    id="clip",
    source="one",
    objective=Objective.IMAGE_TEXT,
    corpora=("captions", "imagenet"),
    pretrained_on="imagenet",
    derived_from=(Lineage(kind=LineageKind.FINE_TUNED, model="base"),),
)
CORPORA = tuple(DatasetCard(id=name, source="two") for name in ("captions", "imagenet"))


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


def test_every_corpus_in_the_chain_needs_a_card() -> None:
    Collection(models=(CLIP,), datasets=CORPORA).validate()
    with pytest.raises(RawDataError, match="dataset 'captions' has records, so it needs a card"):
        Collection(models=(CLIP,), datasets=CORPORA[1:]).validate()


def test_what_weights_come_from_needs_no_card() -> None:
    assert CLIP.derived_from[0].model not in {CLIP.id}
    assert CLIP.trained_on == ("captions", "imagenet")


def test_a_part_of_a_zoo_keeps_the_corpora_behind_its_models() -> None:
    zoo = Zoo.of(Collection(models=(CLIP,), datasets=(*CORPORA, DatasetCard(id="other", source="two"))))
    assert zoo.collection("one").datasets.keys() == {"captions", "imagenet"}


def test_an_empty_chain_is_completed_and_two_chains_do_not_mix() -> None:
    plain = ModelCard(id="clip", source="two", parameters=5)
    (card,) = merge([Collection(models=(plain,)), Collection(models=(CLIP,))]).models
    assert (card.corpora, card.derived_from, card.parameters) == (CLIP.corpora, CLIP.derived_from, 5)
    other = CLIP.model_copy(update={"corpora": ("imagenet",)})
    with pytest.raises(RawDataError, match="model 'clip' needs one 'corpora' in all sources"):
        merge([Collection(models=(CLIP,)), Collection(models=(other,))])


def test_a_model_of_another_modality_is_another_model() -> None:
    text = ModelCard(id="clip", source="two", modalities=("text",))
    with pytest.raises(RawDataError, match="needs one 'modalities'"):
        merge([Collection(models=(CLIP,)), Collection(models=(text,))])

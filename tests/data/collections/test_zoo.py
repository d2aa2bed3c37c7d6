"""How collections become one zoo: whose card counts, what a model reads, and which runs failed."""

from __future__ import annotations

from typing import Any

import pytest

from zoograph.data.collections.zoo import READERS, join_collections
from zoograph.data.errors import RawDataError
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol, Run

PETS = DatasetCard(id="pets", source="public-datasets", num_classes=37, domain="photo", aliases=("Pets",))


def collection(source: str, modality: str, value: float, **card: Any) -> Collection:
    """Return a collection about one model that all of them have, and one dataset."""
    return Collection(
        models=(ModelCard(id="clip", source=source, modalities=(modality,)),),
        datasets=(DatasetCard(id="pets", source=source, **card),),
        runs=(Run(source=source, model="clip", dataset="pets", protocol=Protocol.FINETUNE, value=value),),
    )


def join(*others: Collection) -> Collection:
    return join_collections({"datasets": Collection(datasets=(PETS,)), **{str(n): c for n, c in enumerate(others)}})


def test_the_card_of_a_public_dataset_counts_and_others_add_what_it_lacks() -> None:
    (card,) = join(collection("one", "image", 0.5, num_classes=35, num_samples=7390, aliases=("cats",))).datasets
    assert (card.num_classes, card.domain, card.num_samples) == (37, "photo", 7390)
    assert (card.aliases, card.source) == (("Pets", "cats"), "public-datasets; one")


def test_two_records_that_disagree_on_what_nobody_else_knows_are_refused() -> None:
    with pytest.raises(RawDataError, match="dataset 'pets' needs one 'num_samples' in all sources"):
        join(collection("one", "image", 0.5, num_samples=3), collection("two", "image", 0.5, num_samples=4))


def test_a_model_that_was_measured_on_images_and_on_texts_reads_both() -> None:
    (card,) = join(collection("one", "text", 0.5), collection("two", "image", 0.5)).models
    assert card.modalities == ("image", "text")


def test_failed_runs_are_flagged_across_collections() -> None:
    zoo = join(collection("one", "image", 0.02), collection("two", "image", 0.9))
    assert [run.failure for run in zoo.runs] == ["training failed: 0.020 is chance level for 37 classes", None]


def test_a_run_of_a_model_without_a_card_is_refused() -> None:
    bad = Collection(runs=collection("one", "image", 0.5).runs)
    with pytest.raises(RawDataError, match="The model 'clip' has records, so it needs a card"):
        join(bad)


def test_cards_come_before_what_was_measured() -> None:
    assert list(READERS)[:2] == ["datasets", "timm"]
    assert len(READERS) == 10

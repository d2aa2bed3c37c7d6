"""Cards: strict about what they are given, and None where nothing is known."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from zoograph.data.records.cards import DatasetCard, Modality, ModelCard


def test_what_is_not_known_is_none() -> None:
    card = ModelCard(id="m", source="toy")
    assert card.model_dump(exclude_defaults=True) == {"id": "m", "source": "toy"}
    assert card.modalities == ("image",)
    assert DatasetCard(id="d", source="toy").num_classes is None


def test_names_are_stripped_and_aliases_kept_once() -> None:
    card = ModelCard(id=" m ", source="toy", aliases=("b", "a", "b"))
    assert (card.id, card.aliases) == ("m", ("b", "a"))


def test_a_domain_is_the_same_in_capitals() -> None:
    assert DatasetCard(id="d", source="toy", domain="PHOTO").domain == "photo"


def test_a_card_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        ModelCard(id="m", source="toy").id = "n"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"id": ""}, "at least 1 character"),
        ({"id": " "}, "at least 1 character"),
        ({"id": "a\x1b[31m"}, "should match pattern"),
        ({"id": "a\nb"}, "should match pattern"),
        ({"id": "a" * 301}, "at most 300 characters"),
        ({"aliases": ("",)}, "at least 1 character"),
        ({"parameters": 0}, "greater than or equal to 1"),
        ({"parameters": 1.5}, "valid integer"),
        ({"gmacs": 0.0}, "greater than 0"),
        ({"gmacs": float("inf")}, "finite number"),
        ({"imagenet_top1": 81.1}, "less than or equal to 1"),
        ({"imagenet_top1": float("nan")}, "greater than or equal to 0|finite number"),
        ({"imagenet_top_1": 0.5}, "Extra inputs are not permitted"),
    ],
)
def test_a_bad_model_card_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ModelCard.model_validate({"id": "m", "source": "toy", **fields})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"labels": ("cat", "dog", "cat")}, r"'labels' must be distinct \(got cat more than once\)"),
        ({"num_classes": 0}, "greater than or equal to 1"),
        ({"samples_per_class": -1.0}, "greater than 0"),
        ({"family": ""}, "at least 1 character"),
    ],
)
def test_a_bad_dataset_card_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DatasetCard.model_validate({"id": "d", "source": "toy", **fields})


def test_cards_survive_json() -> None:
    card = DatasetCard(id="d", source="toy", labels=("Größe", "a"), samples_per_class=2.5)
    assert DatasetCard.model_validate_json(card.model_dump_json()) == card


def test_a_dataset_is_of_images_unless_it_says_otherwise() -> None:
    old = DatasetCard.model_validate({"id": "d", "source": "toy", "num_classes": 2})
    assert (old.modality, old.splits, old.text_length, old.languages) == (Modality.IMAGE, {}, None, ())
    text = DatasetCard(
        id="t", source="toy", modality="text", splits={"train": 9, "test": 3}, text_length=54.2, languages=("en",)
    )
    assert text.modality == Modality.TEXT
    assert DatasetCard.model_validate_json(text.model_dump_json()) == text


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"splits": {"test": 0}}, "greater than or equal to 1"),
        ({"splits": {"": 1}}, "at least 1 character"),
        ({"text_length": 0.0}, "greater than 0"),
        ({"languages": ("",)}, "at least 1 character"),
        ({"modality": ""}, "at least 1 character"),
    ],
)
def test_fields_of_texts_and_splits_are_checked(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DatasetCard(**{"id": "d", "source": "toy", **fields})

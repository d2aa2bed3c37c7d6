from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import ImagenetAccuracy, Lineage, LineageKind, Objective, Speed

CARD = ModelCard(
    id="m",
    source="toy",
    objective=Objective.IMAGE_TEXT,
    derived_from=(Lineage(kind=LineageKind.FINE_TUNED, model="base"),),
    imagenet=ImagenetAccuracy(image_size=224, imagenet=0.8),
    speeds=(Speed(device="rtx_4090_amp", images_per_second=12.5),),
)


def test_a_card_survives_json() -> None:
    assert ModelCard.model_validate_json(CARD.model_dump_json()) == CARD
    assert ModelCard.model_validate(CARD.model_dump(mode="json", exclude_none=True)) == CARD
    assert hash(CARD) == hash(CARD.model_copy())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"objective": "magic"}, "Input should be 'supervised'"),
        ({"derived_from": [{"kind": "cousin", "model": "b"}]}, "Input should be 'fine_tuned'"),
        ({"derived_from": [{"kind": "distilled", "model": ""}]}, "at least 1 character"),
        ({"imagenet": {"imagenet": 80.1}}, "less than or equal to 1"),
        ({"imagenet": {"imagenet_v3": 0.1}}, "Extra inputs"),
        ({"speeds": [{"device": "gpu", "images_per_second": 0}]}, "greater than 0"),
        ({"released": "2023-13"}, "should match pattern"),
        ({"train_resolution": 0}, "greater than or equal to 1"),
    ],
)
def test_what_does_not_fit_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ModelCard.model_validate({"id": "m", "source": "toy", **fields})


@pytest.mark.parametrize("released", ["2023", "2023-07", "2023-07-18"])
def test_dates_are_as_precise_as_they_are_known(released: str) -> None:
    assert ModelCard(id="m", source="toy", released=released).released == released


def test_parts_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        CARD.derived_from[0].model = "other"

"""Without training, a model must have a way to name classes."""

from __future__ import annotations

import pytest

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import Objective
from zoograph.data.records.records import Protocol
from zoograph.training.candidates.protocols import can_do


def _card(objective: Objective | None, *corpora: str) -> ModelCard:
    return ModelCard(id="m", source="toy", objective=objective, corpora=corpora)


@pytest.mark.parametrize(
    ("card", "zero_shot", "native"),
    [
        (_card(Objective.IMAGE_TEXT, "laion-2b"), True, False),
        (_card(Objective.IMAGE_TEXT, "laion-2b", "imagenet-12k", "imagenet"), False, True),
        (_card(Objective.SUPERVISED, "imagenet"), False, True),
        (_card(Objective.SUPERVISED, "imagenet-21k"), False, False),
        (_card(Objective.SELF_SUPERVISED, "humans-1b"), False, False),
        (_card(None), False, False),
    ],
)
def test_a_text_side_is_for_names_and_a_head_for_classes(card: ModelCard, zero_shot: bool, native: bool) -> None:
    assert can_do(card, Protocol.ZERO_SHOT) is zero_shot
    assert can_do(card, Protocol.NATIVE) is native
    assert can_do(card, Protocol.HEAD)
    assert can_do(card, Protocol.FINETUNE)

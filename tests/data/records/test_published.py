"""Who published the weights, by the rule, on cards made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.published import copied_from, is_published, is_upload

BASE = {"kind": "fine_tuned", "model": "google/vit"}


def card(name: str, source: str = "transfergraph", **fields: Any) -> ModelCard:
    return ModelCard(id=name, source=source, **fields)


@pytest.mark.parametrize(
    ("model", "published"),
    [
        (card("google/vit"), True),
        (card("nobody/test_model_a"), False),
        (card("nobody/vit-ours", source="my runs"), True),  # a user's own
        (card("nobody/vit", source="transfergraph; mieb"), True),  # chosen by somebody else too
        (card("convnext_tiny.fb_in1k", source="timm"), True),
        (card("resnet18.random", source="timm", objective="untrained"), False),
        (card("voyageai/voyage-2", source="mteb", open_weights=False), False),
        (card("intfloat/e5-base", source="mteb", open_weights=True, derived_from=(BASE,)), True),
    ],
)
def test_published_weights(model: ModelCard, published: bool) -> None:
    assert is_published(model) is published


def test_an_upload_is_a_near_copy_of_what_somebody_else_published() -> None:
    assert copied_from(card("nobody/puppies", derived_from=(BASE,))) == "google/vit"
    again = {"kind": "same_weights", "model": "vit_tiny.x"}
    assert copied_from(card("nobody/vit-tiny", derived_from=(again,))) == "vit_tiny.x"


def test_no_near_copies() -> None:
    assert copied_from(card("nobody/puppies")) is None
    teacher = {"kind": "distilled", "model": "google/vit"}
    assert copied_from(card("nobody/student", derived_from=(teacher,))) is None
    assert copied_from(card("microsoft/swin", derived_from=(BASE,))) is None
    assert copied_from(card("nobody/vit-ours", source="my runs", derived_from=(BASE,))) is None


def test_uploads_are_known_from_one_collection_alone() -> None:
    assert is_upload(card("nobody/puppies"))
    assert not is_upload(card("nobody/puppies", source="transfergraph; mine"))

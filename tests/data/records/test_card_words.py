"""Cards in a sentence: of what is known, and of nothing else."""

from __future__ import annotations

from zoograph.data.records.card_words import describe_model
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import Lineage, LineageKind, Objective


def test_an_encoder_of_texts() -> None:
    card = ModelCard(
        id="a",
        source="s",
        family="bert",
        objective=Objective.SENTENCE_ENCODER,
        parameters=33_000_000,
        num_features=384,
        max_tokens=512,
        languages=("en", "de"),
        licence="mit",
        derived_from=(Lineage(kind=LineageKind.FINE_TUNED, model="b"), Lineage(kind=LineageKind.DISTILLED, model="c")),
    )
    assert describe_model(card) == (
        "The model: bert, sentence encoder; 33.0M parameters; 384 features; 512 tokens of a text at most; "
        "languages: en, de; licence mit; fine tuned from b."
    )


def test_a_network_of_images() -> None:
    card = ModelCard(id="a", source="s", family="vit", gmacs=4.25, corpora=("imagenet-21k", "imagenet"))
    assert describe_model(card) == "The model: vit; 4.2 GMACs; trained on imagenet-21k, then imagenet."


def test_a_small_network_is_not_without_parameters() -> None:
    assert describe_model(ModelCard(id="a", source="s", parameters=4512)) == "The model: 4,512 parameters."


def test_a_card_that_knows_nothing() -> None:
    assert describe_model(ModelCard(id="a", source="s")) is None

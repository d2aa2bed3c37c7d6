"""Cards from MTEB's table of models: what is empty, endless or no address is not known."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.collections.public.embedding_models import embedding_model_card
from zoograph.data.errors import RawDataError
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import LineageKind

CELLS = {
    **{"model": "ann/e5", "n_parameters": "33400000.0", "embed_dim": "384.0", "license": "mit"},
    **{"release_date": "2024-06-06", "max_tokens": "512.0", "open_weights": "True", "adapted_from": "ann/bert"},
}


def make(**cells: str) -> ModelCard:
    return embedding_model_card({**CELLS, **cells}, "mteb", Path("models.csv"), 7, modality="text")


def test_a_card() -> None:
    card = make()
    assert (card.id, card.hub_id, card.source, card.modalities) == ("ann/e5", "ann/e5", "mteb", ("text",))
    assert (card.parameters, card.num_features, card.max_tokens) == (33_400_000, 384, 512)
    assert (card.licence, card.released, card.open_weights) == ("mit", "2024-06-06", True)
    assert [(step.kind, step.model) for step in card.derived_from] == [(LineageKind.FINE_TUNED, "ann/bert")]


def test_what_is_not_known_is_none() -> None:
    card = make(**dict.fromkeys(CELLS.keys() - {"model"}, ""))
    assert card.model_dump(exclude={"id", "source", "modalities", "hub_id"}, exclude_defaults=True) == {}
    images = {key: CELLS[key] for key in ("model", "n_parameters", "embed_dim", "license", "release_date")}
    card = embedding_model_card(images, "mieb", Path("models.csv"), 7, modality="image")
    assert (card.max_tokens, card.open_weights, card.modalities) == (None, None, ("image",))


@pytest.mark.parametrize("cell", ["inf", "0.0"])
def test_a_length_without_a_bound_is_not_known(cell: str) -> None:
    assert make(max_tokens=cell).max_tokens is None


def test_a_model_that_is_asked_over_a_network_has_no_open_weights() -> None:
    assert make(open_weights="False").open_weights is False


@pytest.mark.parametrize(
    ("cell", "base"),
    [
        ("https://huggingface.co/deepvk/deberta-v1-base", "deepvk/deberta-v1-base"),
        ("XLM-RoBERTa", None),
        ("/workspace/v3-matryoshka/checkpoint-26250", None),
        ("ann/e5", None),  # itself
    ],
)
def test_a_base_is_an_address_on_the_hub(cell: str, base: str | None) -> None:
    assert [step.model for step in make(adapted_from=cell).derived_from] == ([base] if base else [])


def test_students_were_distilled() -> None:
    (step,) = make(model="minishlab/potion-base-32M", adapted_from="BAAI/bge-base-en-v1.5").derived_from
    assert (step.kind, step.model) == (LineageKind.DISTILLED, "BAAI/bge-base-en-v1.5")


def test_a_bad_cell_names_file_and_line() -> None:
    with pytest.raises(RawDataError, match=r"'released' at 'models.csv', line 7"):
        make(release_date="last year")

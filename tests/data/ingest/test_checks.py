"""Checks: a table that contradicts what is known is refused, and a new card reads what it was measured with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.checks import Contradiction, KnownCards
from zoograph.data.ingest.ingest import IngestReport
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.store.store import RecordStore

Ingest = Callable[..., IngestReport]

KNOWN = KnownCards(
    [ModelCard(id="eye", source="s", parameters=1000), ModelCard(id="both", source="s", modalities=("image", "text"))],
    [DatasetCard(id="pets", source="s"), DatasetCard(id="reviews", source="s", modality="text")],
)


def test_a_model_reads_only_its_own_modalities() -> None:
    KNOWN.check("eye", "pets", {})
    KNOWN.check("both", "reviews", {})
    with pytest.raises(Contradiction, match="'eye' reads image, and 'reviews' is a dataset of text"):
        KNOWN.check("eye", "reviews", {})


@pytest.mark.parametrize("said", ["500", "1,000", "2000", "unknown", ""])
def test_another_head_is_no_contradiction(said: str) -> None:
    KNOWN.check("eye", "pets", {"model.parameters": said})
    KNOWN.check("both", "pets", {"model.parameters": said})  # of which nobody knows it


@pytest.mark.parametrize("said", ["499", "2001", "0.001"])
def test_a_number_of_parameters_that_is_far_off_is_a_contradiction(said: str) -> None:
    with pytest.raises(Contradiction, match=r"'model.parameters' of 'eye' is .*, and its card says 1,000"):
        KNOWN.check("eye", "pets", {"model.parameters": said})


def test_a_card_that_contradicts_timm_stores_nothing(toy_store: RecordStore, ingest_lines: Ingest) -> None:
    revision = toy_store.revision
    with pytest.raises(
        RawDataError, match=r"line 3: 'model.parameters' of 'resnet50.* is 25.56, and timm counts 25,557,032"
    ):
        ingest_lines("model,dataset,accuracy,model.parameters", "vit,pets,0.8,", "resnet50.a1_in1k,pets,0.9,25.56")
    assert toy_store.revision == revision


@pytest.mark.parametrize("pair", ["vit,reviews", "bert,pets"])
def test_a_run_of_the_wrong_modality_stores_nothing(toy_store: RecordStore, ingest_lines: Ingest, pair: str) -> None:
    revision = toy_store.revision
    with pytest.raises(RawDataError, match=r"line 3: .* reads (image|text), and .*Nothing was stored"):
        ingest_lines("model,dataset,accuracy", "vit,pets,0.8", f"{pair},0.9")
    assert toy_store.revision == revision


def test_a_name_alone_reads_what_it_was_measured_with(toy_store: RecordStore, ingest_lines: Ingest) -> None:
    lines = ("my bert,reviews,0.8", "bert,my texts,0.8", "my bert,my texts,0.7", "my eye,pets,0.8", "vit,my photos,0.7")
    assert ingest_lines("model,dataset,accuracy", *lines, add_unknown=True).new == 5
    models, datasets = toy_store.find_cards(("my bert", "my eye"), ("my texts", "my photos"))
    assert [card.modalities for card in models] == [("text",), ("image",)]
    assert [card.modality for card in datasets] == ["text", "image"]

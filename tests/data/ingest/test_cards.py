"""Cards from text: what is read, what is not known, and which line is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.cards import BadCard, make_card, read_dataset_cards, read_model_cards
from zoograph.data.records.cards import DatasetCard, ModelCard

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_table(text: str, name: str = "cards.csv") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_table


def test_a_card_is_made_of_text() -> None:
    fields = {
        "family": " resnets ",
        "parameters": "11000000",
        "gmacs": "1.8",
        "imagenet_top1": "",
        "aliases": "a; b;;a",
    }
    assert make_card(ModelCard, "resnet", fields, "mine") == ModelCard(
        id="resnet", source="mine", family="resnets", parameters=11_000_000, gmacs=1.8, aliases=("a", "b")
    )
    assert make_card(DatasetCard, "pets", {"labels": ["cat", "dog"]}, "mine").labels == ("cat", "dog")
    assert make_card(DatasetCard, "tweets", {"languages": "en; de"}, "mine").languages == ("en", "de")


@pytest.mark.parametrize("cell", [None, "", " ", "NaN", "null", "None", float("nan")])
def test_what_programs_write_for_nothing_is_not_known(cell: object) -> None:
    assert make_card(ModelCard, "m", {"parameters": cell, "family": cell}, "mine") == ModelCard(id="m", source="mine")


def test_a_field_that_does_not_fit_is_named() -> None:
    with pytest.raises(BadCard, match=r"^'imagenet_top1' does not fit: it should be less than or equal to 1$"):
        make_card(ModelCard, "m", {"imagenet_top1": "76.1"}, "mine")


@pytest.mark.parametrize("column", ["id", "model", "Model", "model_name", "model_id"])
def test_a_table_of_models_names_them_in_any_of_these_columns(write: Write, column: str) -> None:
    path = write(f"{column},family,parameters,colour\nresnet,resnets,11000000,red\nmlp,,,\n")
    assert read_model_cards(path, "mine") == [
        ModelCard(id="resnet", source="mine", family="resnets", parameters=11_000_000),
        ModelCard(id="mlp", source="mine"),
    ]


@pytest.mark.parametrize("column", ["id", "dataset"])
def test_a_table_of_datasets_likewise(write: Write, column: str) -> None:
    path = write(f'num_classes;{column};labels\n3;birds;"robin; wren ;;owl"\n2;007;\n')
    assert read_dataset_cards(path, "mine") == [
        DatasetCard(id="birds", source="mine", num_classes=3, labels=("robin", "wren", "owl")),
        DatasetCard(id="007", source="mine", num_classes=2),
    ]


def test_an_id_counts_before_a_model(write: Write) -> None:
    assert [card.id for card in read_model_cards(write("model,id\nwrong,right\n"), "mine")] == ["right"]


def test_json_lines_are_read_as_well(write: Write) -> None:
    rows = [{"dataset": "pets", "labels": ["cat", "dog"], "num_classes": 2}, {"dataset": "birds", "labels": None}]
    path = write("\n".join(map(json.dumps, rows)), "cards.jsonl")
    assert read_dataset_cards(path, "mine") == [
        DatasetCard(id="pets", source="mine", labels=("cat", "dog"), num_classes=2),
        DatasetCard(id="birds", source="mine"),
    ]


def test_a_table_without_names_is_refused(write: Write) -> None:
    with pytest.raises(RawDataError, match=r"cards\.csv' needs a column 'id' or 'model' \(got name, family\)"):
        read_model_cards(write("name,family\nresnet,resnets\n"), "mine")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "id,imagenet_top1\nvit,0.8\nresnet,76.1\n",
            r"No card can be made of '.*', line 3: 'imagenet_top1' does not fit",
        ),
        ("id,family\nvit,x\n,y\n", r"line 3: 'id' does not fit"),
        ("id,family\nvit\n", r"line 2, cannot be read: the row needs 2 cells \(got 1\)"),
    ],
)
def test_a_bad_row_is_named_with_its_line_and_field(write: Write, text: str, message: str) -> None:
    with pytest.raises(RawDataError, match=message):
        read_model_cards(write(text), "mine")

"""A user's own tables: what is read, what is not known, and which line is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.own_tables import SOURCE, read_own_tables

RUNS = "model,dataset,accuracy\nresnet,birds,0.5\nresnet,pets,0.25\nvit,pets,1\n"


@pytest.fixture
def write(tmp_path: Path):
    def write_table(text: str, name: str = "runs.csv") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_table


def test_runs_alone_are_a_zoo(write) -> None:
    zoo = read_own_tables(write(RUNS))
    assert list(zoo.models) == ["resnet", "vit"]
    assert list(zoo.datasets) == ["birds", "pets"]
    assert zoo.runs["value"].tolist() == [0.5, 0.25, 1.0]
    assert set(zoo.runs["protocol"]) == {"head"}
    assert set(zoo.runs["source"]) == {SOURCE}
    assert np.isnan(zoo.runs["test_size"]).all()
    assert zoo.scores.empty
    assert zoo.relations.empty
    assert zoo.models["vit"].family is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("50", "25", "1"), [0.5, 0.25, 0.01]),  # one above 1: all are percent, 1 is one percent
        (("0.5", "0.25", "1"), [0.5, 0.25, 1.0]),
        (("0", "1", "1.0"), [0.0, 1.0, 1.0]),
        (("100", "0.5", "0"), [1.0, 0.005, 0.0]),
    ],
)
def test_percent_or_fractions_is_decided_for_the_whole_file(write, values, expected) -> None:
    rows = "".join(f"m,d{i},{value}\n" for i, value in enumerate(values))
    zoo = read_own_tables(write("model,dataset,value\n" + rows))
    assert zoo.runs["value"].tolist() == pytest.approx(expected)


@pytest.mark.parametrize(("bad", "shown"), [("-0.1", "-0.1"), ("good", "good"), ("101", "101"), ("", "nan")])
def test_a_bad_accuracy_is_named_with_its_line(write, bad, shown) -> None:
    path = write(f"model,dataset,accuracy\nm,a,0.5\n\nm,b,{bad}\n")
    with pytest.raises(RawDataError, match=rf"accuracy at '.*runs\.csv', line 4, needs .*\(got '{shown}"):
        read_own_tables(path)


def test_a_missing_name_is_named_with_its_line(write) -> None:
    with pytest.raises(RawDataError, match=r"The dataset at '.*', line 3, needs a name"):
        read_own_tables(write("model,dataset,accuracy\nm,a,0.5\nm, ,0.5\n"))


def test_missing_columns_are_listed(write) -> None:
    with pytest.raises(RawDataError, match=r"'model', 'dataset' and 'accuracy' \(got model, score\)"):
        read_own_tables(write("model,score\nm,1\n"))
    with pytest.raises(RawDataError, match=r"needs a column 'id' \(got name\)"):
        read_own_tables(write(RUNS), models=write("name\nresnet\n", "models.csv"))


@pytest.mark.parametrize("text", ["", "model,dataset,accuracy\n", "model,dataset,accuracy\n\n"])
def test_an_empty_table_is_an_error(write, text) -> None:
    with pytest.raises(RawDataError, match=r"cannot be read|needs a row"):
        read_own_tables(write(text))


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RawDataError, match=r"runs\.csv' cannot be read .* Give a CSV file with a header"):
        read_own_tables(tmp_path / "runs.csv")


def test_protocols_and_sizes_are_read(write) -> None:
    text = "model,dataset,accuracy,protocol,test_size\nm,a,0.5,finetune,80\nm,b,0.5,,0\n"
    runs = read_own_tables(write(text)).runs
    assert runs["protocol"].tolist() == ["finetune", "head"]
    assert runs["test_size"].tolist() == pytest.approx([80.0, np.nan], nan_ok=True)
    with pytest.raises(RawDataError, match=r"'head' or 'finetune' as protocol \(got 'probe'\)"):
        read_own_tables(write("model,dataset,accuracy,protocol\nm,a,0.5,probe\nm,b,0.5,\n"))


def test_cards_take_what_they_know_and_ignore_the_rest(write) -> None:
    models = write("id,family,parameters,colour\nresnet,resnets,11000000,red\nmlp,,,\n", "models.csv")
    datasets = write("id,labels,num_classes\nbirds,robin; wren ;;owl,3\n007,,2\n", "datasets.csv")
    zoo = read_own_tables(write(RUNS), models, datasets)
    assert (zoo.models["resnet"].family, zoo.models["resnet"].parameters) == ("resnets", 11_000_000)
    assert (zoo.models["mlp"].family, zoo.models["mlp"].parameters) == (None, None)
    assert zoo.datasets["birds"].labels == ("robin", "wren", "owl")
    assert zoo.datasets["007"].num_classes == 2
    assert zoo.datasets["pets"].labels == ()


def test_a_bad_card_is_named_with_its_line_and_field(write) -> None:
    models = write("id,imagenet_top1\nvit,0.8\nresnet,76.1\n", "models.csv")
    with pytest.raises(RawDataError, match=r"value of 'imagenet_top1' at '.*models\.csv', line 3, does not fit"):
        read_own_tables(write(RUNS), models)

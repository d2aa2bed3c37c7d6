"""`zoo list`: filters by hand on a small zoo, and what ships."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.records import Protocol, Run
from zoograph.data.store.store import RecordStore

Run_ = Callable[..., Any]


@pytest.fixture
def store(toy_store: RecordStore) -> RecordStore:
    """The small zoo, with a model and a dataset of texts, and one large model."""
    toy_store.add(
        models=(
            ModelCard(id="e5", source="texts", family="bert", modalities=("text",), parameters=30, licence="mit"),
            ModelCard(id="big", source="texts", family="bert", corpora=("pets",), parameters=3_000_000),
        ),
        datasets=(DatasetCard(id="bank", source="texts", modality="text", domain="banking", splits={"test": 3}),),
        runs=(Run(source="texts", model="e5", dataset="bank", protocol=Protocol.PROBE, value=0.5),),
    )
    return toy_store


def names(run: Run_, kind: str, *arguments: str) -> list[str]:
    ran = run("zoo", "list", kind, *arguments, "--json")
    assert ran.code == 0, ran.err
    return [row[kind.removesuffix("s")] for row in json.loads(ran.out)[kind]]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["resnet", "e5", "vit", "big"]),  # most runs first
        (["--family", "BERT"], ["e5", "big"]),
        (["--modality", "text"], ["e5"]),
        (["--corpus", "pets"], ["big"]),
        (["--max-params", "1k"], ["e5"]),
        (["--licence", "MIT"], ["e5"]),
        (["--with-runs"], ["resnet", "e5", "vit"]),
        (["--protocol", "finetune"], ["resnet", "vit"]),
        (["--protocol", "probe", "--family", "bert"], ["e5"]),
        (["--objective", "image_text"], []),
        (["--published", "--with-runs"], ["resnet", "e5", "vit"]),
    ],
)
def test_models(store: RecordStore, run_zoograph: Run_, arguments: list[str], expected: list[str]) -> None:
    assert names(run_zoograph, "models", *arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["pets", "bank", "birds_1", "birds_2"]),
        (["--modality", "text"], ["bank"]),
        (["--domain", "banking"], ["bank"]),
        (["--family", "birds", "--with-runs"], ["birds_1"]),
        (["--protocol", "finetune"], ["pets"]),
    ],
)
def test_datasets(store: RecordStore, run_zoograph: Run_, arguments: list[str], expected: list[str]) -> None:
    assert names(run_zoograph, "datasets", *arguments) == expected


def test_rows_say_what_was_measured(store: RecordStore, run_zoograph: Run_) -> None:
    (row,) = json.loads(run_zoograph("zoo", "list", "models", "--family", "bert", "--with-runs", "--json").out)[
        "models"
    ]
    counts = {key: value for key, value in row.items() if key.startswith("runs")}
    assert counts == {"runs": 1, "runs_native": 0, "runs_zero_shot": 0, "runs_probe": 1, "runs_head": 0} | {
        "runs_finetune": 0
    }
    assert (row["modalities"], row["published"], row["copied_from"]) == (["text"], True, None)
    (row,) = json.loads(run_zoograph("zoo", "list", "datasets", "--modality", "text", "--json").out)["datasets"]
    assert (row["num_samples"], row["runs"]) == (3, 1)


def test_collections(store: RecordStore, run_zoograph: Run_) -> None:
    rows = json.loads(run_zoograph("zoo", "list", "collections", "--json").out)["collections"]
    assert [(row["collection"], row["models"], row["datasets"], row["runs"]) for row in rows] == [
        ("toy", 2, 3, 3),
        ("texts", 2, 1, 1),
    ]
    assert names(run_zoograph, "collections", "--protocol", "probe") == ["texts"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["models", "--family", "bird"], "Unknown family 'bird'. Nearest names: bert."),
        (["models", "--licence", "gpl"], "Unknown licence 'gpl'."),
        (["models", "--corpus", "pet"], "Unknown dataset 'pet'. Nearest names: pets"),
        (["datasets", "--domain", "bankin"], "Unknown domain 'bankin'. Nearest names: banking."),
        (["datasets", "--modality", "smell"], "Unknown modality 'smell'."),
    ],
)
def test_a_filter_that_nothing_has_is_an_error_with_the_nearest_names(
    store: RecordStore, run_zoograph: Run_, arguments: list[str], message: str
) -> None:
    ran = run_zoograph("zoo", "list", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_a_table_and_a_csv_file(store: RecordStore, run_zoograph: Run_, tmp_path: Path) -> None:
    path = tmp_path / "models.csv"
    ran = run_zoograph("zoo", "list", "models", "--limit", "1", "--csv", str(path))
    assert "4 models; the first 1 are shown, --limit 0 shows all." in ran.out
    assert f"All of them are in {path}." in "".join(ran.out.splitlines())
    with path.open(newline="") as file:
        assert [row["model"] for row in csv.DictReader(file)] == ["resnet", "e5", "vit", "big"]


def test_the_shipped_zoo_is_listed_without_a_heavy_library(shipped_home: Path, run_python: Run_) -> None:
    code = """
import sys, time
from zoograph.scripts.main import main
sys.argv = ["zoograph", "zoo", "list", "models", "--family", "convnext", "--protocol", "native", "--json"]
try:
    main()
finally:
    print(time.process_time(), *sys.modules, file=sys.stderr)
"""
    ran = run_python(code)
    models = json.loads(ran.out)["models"]
    assert {row["family"] for row in models} == {"convnext"}
    assert all(row["runs_native"] >= 6 and row["published"] for row in models)
    assert "convnext_tiny.fb_in22k_ft_in1k" in {row["model"] for row in models}
    seconds, *loaded = ran.err.split()
    assert not {"torch", "timm", "pandas", "sklearn", "lightning"} & set(loaded)
    assert float(seconds) < 3  # 0.7 on a machine with nothing else to do

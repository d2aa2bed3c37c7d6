"""`zoo show`: a card in full, its runs, its lineage and whom to cite, by any of its names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.errors import UnknownName
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import Lineage, LineageKind
from zoograph.data.records.records import Metric, Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.tiny_encoders import make_tiny_encoder
from zoograph.scripts.zoo.show import about_model

Run_ = Callable[..., Any]


@pytest.fixture
def store(toy_store: RecordStore) -> RecordStore:
    """The small zoo, with a copy of one of its models that was uploaded, and repeats of a run."""
    base = Lineage(kind=LineageKind.FINE_TUNED, model="vit")
    about: dict[str, Any] = {"source": "transfergraph", "model": "me/copy", "protocol": Protocol.FINETUNE}
    toy_store.add(
        models=(ModelCard(id="me/copy", source="transfergraph", derived_from=(base,), open_weights=True),),
        runs=(
            Run(**about, dataset="pets", value=0.25, seed=0),
            Run(**about, dataset="pets", value=0.5, seed=1),
            Run(**about, dataset="pets", value=0.125, metric=Metric.F1, shots=3),
            Run(**about, dataset="birds_1", value=0.01, failure="training failed"),
        ),
    )
    return toy_store


def ask(run: Run_, name: str) -> dict[str, Any]:
    ran = run("zoo", "show", name, "--json")
    assert ran.code == 0, ran.err
    answer: dict[str, Any] = json.loads(ran.out)
    return answer


def test_a_model(store: RecordStore, run_zoograph: Run_) -> None:
    answer = ask(run_zoograph, "me/copy")
    assert (answer["kind"], answer["name"]) == ("model", "me/copy")
    assert (answer["published"], answer["copied_from"]) == (False, "vit")
    assert answer["card"]["derived_from"] == [{"kind": "fine_tuned", "model": "vit"}]
    assert sorted((run["dataset"], run["value"], run["failure"]) for run in answer["runs"]) == [
        ("birds_1", 0.01, "training failed"),
        ("pets", 0.125, None),
        ("pets", 0.25, None),
        ("pets", 0.5, None),
    ]
    (source,) = answer["sources"]
    assert source["source"] == "transfergraph"
    assert "2,254 fine-tuning runs" in source["about"]


def test_what_comes_from_a_model(store: RecordStore, run_zoograph: Run_) -> None:
    answer = ask(run_zoograph, "vit")
    assert (answer["published"], answer["copied_from"]) == (True, None)
    assert answer["derived"] == [{"model": "me/copy", "kind": "fine_tuned"}]
    assert answer["sources"] == [{"source": "toy", "about": None}]


def test_an_alias_and_an_ambiguous_one(store: RecordStore, run_zoograph: Run_) -> None:
    assert ask(run_zoograph, "owner/resnet")["name"] == "resnet"
    ran = run_zoograph("zoo", "show", "net")
    assert (ran.code, ran.out) == (2, "")
    assert "The model name 'net' is ambiguous. Say which: resnet, vit." in ran.err


def test_a_dataset_a_family_and_a_collection(store: RecordStore, run_zoograph: Run_) -> None:
    dataset = ask(run_zoograph, "pets")
    assert (dataset["kind"], dataset["card"]["id"], len(dataset["runs"])) == ("dataset", "pets", 5)
    assert {row["source"] for row in dataset["sources"]} == {"toy", "transfergraph"}
    family = ask(run_zoograph, "birds")
    assert (family["kind"], family["members"], len(family["runs"])) == ("family", ["birds_1", "birds_2"], 2)
    assert (family["card"], family["published"]) == (None, None)
    assert ask(run_zoograph, "mieb")["sources"][0]["about"].startswith("1,112 linear probes")
    assert ask(run_zoograph, "MIEB")["name"] == "mieb"
    assert "mieb" in run_zoograph("zoo", "show", "mieb_").err
    assert ask(run_zoograph, "toy")["sources"] == [{"source": "toy", "about": None}]  # it has runs alone


def test_tables_of_a_model_and_of_a_dataset(store: RecordStore, run_zoograph: Run_) -> None:
    printed = run_zoograph("zoo", "show", "me/copy").out
    lines = [line.split() for line in printed.replace("│", " ").splitlines()]
    assert ["fine", "tuned", "from", "vit"] in lines
    assert ["open", "weights", "True"] in lines
    assert any(line[:4] == ["pets", "top1", "0.3750", "2"] for line in lines)  # repeats as their mean
    assert any(line[:5] == ["pets", "f1", "0.1250", "1", "3"] for line in lines)
    assert "training failed" in printed
    assert "Full fine-tuning: 4 runs" in printed
    assert "input" not in printed  # nobody said
    printed = run_zoograph("zoo", "show", "pets").out
    best = [line.split()[0] for line in printed.replace("│", " ").splitlines() if " top1 " in line]
    assert best == ["vit", "resnet", "me/copy"]


def test_own_sources_are_named_in_one_sentence_and_one_run_is_no_runs(store: RecordStore, run_zoograph: Run_) -> None:
    run = Run(source="mine", model="vit", dataset="birds_1", protocol=Protocol.PROBE, value=0.5)
    store.add(runs=[run])
    lines = [line.strip() for line in run_zoograph("zoo", "show", "birds_1").out.splitlines()]
    assert "Probe on a small sample: 1 run" in lines
    assert lines[-1] == "Your own records: toy; mine."


def test_a_text_encoder_in_a_folder_that_was_never_scored(
    store: RecordStore, tmp_path: Path, run_zoograph: Run_
) -> None:
    folder = make_tiny_encoder(tmp_path / "tiny")
    answer = ask(run_zoograph, str(folder))
    assert (answer["kind"], answer["name"], answer["runs"]) == ("model", "tiny", [])
    assert answer["card"]["modalities"] == ["text"]
    with pytest.raises(UnknownName):  # a server opens no path that a client sends
        about_model(store, str(folder))


def test_repeats_count_by_their_test_images(store: RecordStore, run_zoograph: Run_) -> None:
    about: dict[str, Any] = {"source": "mine", "model": "vit", "dataset": "birds_1", "protocol": Protocol.PROBE}
    store.add(runs=(Run(**about, value=1.0, test_size=84), Run(**about, value=0.2, test_size=2, seed=1)))
    (line,) = (line for line in run_zoograph("zoo", "show", "vit").out.splitlines() if "birds_1" in line)
    assert ("0.9814" in line, "0.6000" in line) == (True, False)


def test_an_unknown_name_gives_the_nearest(store: RecordStore, run_zoograph: Run_) -> None:
    ran = run_zoograph("zoo", "show", "birds_3")
    assert (ran.code, ran.out) == (2, "")
    assert "Unknown name 'birds_3'. Nearest names:" in ran.err
    assert "birds_1" in ran.err


@pytest.mark.parametrize(
    ("name", "node"),
    [
        ("timm/convnext_tiny.fb_in22k_ft_in1k", "convnext_tiny.fb_in22k_ft_in1k"),
        ("hf_hub:timm/convnext_tiny.fb_in22k_ft_in1k", "convnext_tiny.fb_in22k_ft_in1k"),
        ("convnext_tiny_in22ft1k", "convnext_tiny.fb_in22k_ft_in1k"),
        ("ResNet18_Weights.IMAGENET1K_V1", "torchvision/resnet18.IMAGENET1K_V1"),
        ("facebook/dinov2-small", "vit_small_patch14_dinov2.lvd142m"),
        ("Oxford-IIIT Pet", "pets"),
    ],
)
def test_names_of_the_shipped_zoo(shipped_home: Path, run_zoograph: Run_, name: str, node: str) -> None:
    answer = ask(run_zoograph, name)
    assert answer["name"] == node
    assert all(row["about"] for row in answer["sources"])
    assert answer["runs"]

"""`benchmark collections`: tables, files, reasons, and errors in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from zoograph.data.records.records import Protocol
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import SOURCE, make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.scripts.main import main
from zoograph.training.evaluation.collections import catalogue
from zoograph.training.evaluation.collections.catalogue import CollectionGraph, Part

COMMAND = ("benchmark", "collections", "--methods", "size,model-mean,imagenet", "--collections", "pets")


@pytest.fixture
def run(run_predict: Callable, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Run a command with a synthetic zoo for the shipped collection `pets`."""
    zoo = make_synthetic_zoo(8, 6).zoo
    part = Part("pets", "Synthetic", SOURCE, Protocol.HEAD)
    made = CollectionGraph.of(part, zoo, build_graph(zoo, HashEmbedder(4), Protocol.HEAD))
    monkeypatch.setattr(catalogue, "read_collection", lambda name: made)
    return lambda *arguments: run_predict(*arguments, entry=main)


def test_json_has_a_table_a_protocol_with_what_was_asked_or_the_reason(run: Callable) -> None:
    ran = run(*COMMAND, "--protocols", "dataset_out,collection_out", "--json")
    assert ran.code == 0, ran.err
    first, second = json.loads(ran.out)["tables"]
    assert (first["collection"], first["protocol"], first["reason"]) == ("pets", "dataset_out", None)
    assert [line["method"] for line in first["lines"]] == ["size", "model-mean", "imagenet"]
    assert 0 < first["lines"][1]["means"]["kendall"] <= 1
    assert second["reason"] == "No other collection has runs of this kind to learn from."


def test_people_see_the_table_and_the_reason(run: Callable) -> None:
    ran = run(*COMMAND, "--protocols", "model_out,collection_out", "--quick")
    assert ran.code == 0, ran.err
    words = " ".join(ran.out.split())
    assert "pets, model_out: 2 of 8 questions, 12 cells, 2 models, 6 datasets" in words
    assert "pets, collection_out: No other collection" in words
    assert "worst dataset" in words


def test_files_are_json_and_markdown(run: Callable, tmp_path: Path) -> None:
    ran = run(*COMMAND, "--protocols", "dataset_out", "--most-datasets", "0", "--out", str(tmp_path / "out"))
    assert ran.code == 0, ran.err
    tables = json.loads((tmp_path / "out" / "collections.json").read_text())["tables"]
    assert tables[0]["num_questions"] == tables[0]["num_all"]
    assert (tmp_path / "out" / "collections.md").read_text().startswith("## pets, dataset_out: ")


def test_answers_are_kept_until_fresh(run: Callable, home: Path) -> None:
    run(*COMMAND, "--protocols", "collection_out,model_out", "--quick")
    kept = sorted((home / "benchmarks" / "collections" / "pets").glob("*.safetensors"))
    assert len(kept) == 6
    stamps = [path.stat().st_mtime_ns for path in kept]
    run(*COMMAND, "--protocols", "model_out", "--quick")
    assert [path.stat().st_mtime_ns for path in kept] == stamps
    run(*COMMAND, "--protocols", "model_out", "--quick", "--fresh")
    assert all(path.stat().st_mtime_ns > stamp for path, stamp in zip(kept, stamps, strict=True))


def test_unknown_names_are_one_sentence(run: Callable) -> None:
    ran = run("benchmark", "collections", "--collections", "pet")
    assert ran.code != 0
    assert "pets" in ran.err
    ran = run(*COMMAND, "--protocols", "dataset_in")
    assert ran.code != 0
    assert "'dataset_in' is no way of leaving something out" in " ".join(ran.err.split())

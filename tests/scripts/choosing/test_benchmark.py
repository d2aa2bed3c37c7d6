"""`benchmark choose`: tables, files, what is kept, and errors in one sentence."""

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
from zoograph.training.choosing.replays import replay
from zoograph.training.evaluation.collections import catalogue
from zoograph.training.evaluation.collections.catalogue import CollectionGraph, Part
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig

COMMAND = ("benchmark", "choose", "--collections", "pets", "--quick", "--budget", "3")


@pytest.fixture
def run(run_predict: Callable, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Run a command with a synthetic zoo for the shipped collection `pets`, and a predictor that is hardly trained."""
    zoo = make_synthetic_zoo(8, 6).zoo
    part = Part("pets", "Synthetic", SOURCE, Protocol.HEAD)
    made = CollectionGraph.of(part, zoo, build_graph(zoo, HashEmbedder(4), Protocol.HEAD))
    monkeypatch.setattr(catalogue, "read_collection", lambda name: made)
    tiny = TrainingConfig(num_steps=2, num_records=60)
    monkeypatch.setattr(replay, "EvidencePredictor", lambda: EvidencePredictor(tiny))
    return lambda *arguments: run_predict(*arguments, entry=main)


def test_a_table_a_protocol_with_the_policies_or_the_reason(run: Callable, tmp_path: Path, home: Path) -> None:
    ran = run(*COMMAND, "--json", "--out", str(tmp_path / "out"))
    assert ran.code == 0, ran.err
    answer = json.loads(ran.out)
    first, second = answer["tables"]
    assert (answer["budget"], first["num_questions"], first["num_datasets"]) == (3, 2, 2)
    assert first["lines"][0]["policy"] == "choose"
    assert {"random", "first ranking", "size"} < {line["policy"] for line in first["lines"]}
    assert second["reason"] == "No pair was measured under a cheaper protocol; scores count as none."
    assert json.loads((tmp_path / "out" / "choose.json").read_text())["tables"] == answer["tables"]
    text = (tmp_path / "out" / "choose.md").read_text()
    assert text.startswith("## pets, dataset_out: 2 of 6 questions, 2 datasets\n\n| policy | area | at first |")
    kept = sorted((home / "benchmarks" / "choose" / "pets").glob("*.json"))
    assert len(kept) == 2
    stamps = [path.stat().st_mtime_ns for path in kept]
    assert json.loads(run(*COMMAND, "--json").out)["tables"] == answer["tables"]
    assert [path.stat().st_mtime_ns for path in kept] == stamps
    run(*COMMAND, "--json", "--fresh")
    assert all(path.stat().st_mtime_ns > stamp for path, stamp in zip(kept, stamps, strict=True))


def test_people_see_the_table_and_how_it_compares(run: Callable) -> None:
    ran = run(*COMMAND)
    assert ran.code == 0, ran.err
    words = " ".join(ran.out.split())
    assert "pets, dataset_out: 2 of 6 questions, 2 datasets" in words
    assert "pets, probe_known: No pair was measured under a cheaper protocol" in words


def test_unknown_names_are_one_sentence(run: Callable) -> None:
    ran = run("benchmark", "choose", "--collections", "petz")
    assert ran.code == 2
    assert "Unknown collection 'petz'. Nearest names: pets" in ran.err
    ran = run("benchmark", "choose", "--collections", "pets", "--protocols", "model_out")
    assert ran.code == 2
    assert ran.err == "Error: 'model_out' is no way of leaving something out. Valid names: dataset_out, probe_known.\n"

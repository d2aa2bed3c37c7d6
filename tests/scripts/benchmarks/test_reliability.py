"""`benchmark reliability`: JSON, files, and errors in one sentence."""

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
from zoograph.training.evaluation.collections import catalogue, methods
from zoograph.training.evaluation.collections.catalogue import CollectionGraph, Part
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig

COMMAND = ("benchmark", "reliability", "--collections", "pets", "--quick")


@pytest.fixture
def run(run_predict: Callable, monkeypatch: pytest.MonkeyPatch) -> Callable:
    quick = TrainingConfig(num_steps=0)
    monkeypatch.setattr(methods, "METHODS", {**methods.METHODS, "zoograph": lambda: EvidencePredictor(quick)})
    zoo = make_synthetic_zoo(8, 12).zoo
    part = Part("pets", "Synthetic", SOURCE, Protocol.HEAD)
    made = CollectionGraph.of(part, zoo, build_graph(zoo, HashEmbedder(4), Protocol.HEAD))
    monkeypatch.setattr(catalogue, "read_collection", lambda name: made)
    return lambda *arguments: run_predict(*arguments, entry=main)


def test_json_and_files(run: Callable, tmp_path: Path) -> None:
    ran = run(*COMMAND, "--groups", "warm,new dataset", "--json", "--out", str(tmp_path / "out"))
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert [(group["collection"], group["group"]) for group in found["groups"]] == [
        ("pets", "warm"),
        ("pets", "new dataset"),
    ]
    assert {one["of"] for one in found["bins"]} == {"best", "regret"}
    assert json.loads((tmp_path / "out" / "reliability.json").read_text())["groups"] == found["groups"]
    assert (tmp_path / "out" / "reliability.md").read_text().startswith("## Stated and true, by group")
    assert (tmp_path / "out" / "reliability.png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_group_and_nothing_to_ask(run: Callable) -> None:
    ran = run(*COMMAND, "--groups", "old")
    assert (ran.code, "'old' is no group. Valid names: warm, few records" in ran.err) == (2, True)
    ran = run(*COMMAND, "--groups", "new collection")
    assert "Nothing could be asked. No other collection has runs" in " ".join(ran.err.split())

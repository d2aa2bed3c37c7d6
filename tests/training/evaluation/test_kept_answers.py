"""Kept answers: whatever decides an answer is in its key, and what was changed on disk is not read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.folds import Fold, missing_edges
from zoograph.graphs.schema import MODEL
from zoograph.models.baselines.boosting import ExtraTrees
from zoograph.models.baselines.matrix_completion import MatrixCompletion
from zoograph.models.baselines.rankers import NumberRanker, ScoreAlone
from zoograph.models.baselines.wrappers.blinded import Blinded
from zoograph.models.method import Prediction
from zoograph.training.evaluation import kept_answers
from zoograph.training.evaluation.ablation import without_relations, without_scores
from zoograph.training.evaluation.kept_answers import Answered, KeptAnswers, describe, graph_fingerprint
from zoograph.training.evaluation.methods import METHODS, make_method
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig


@pytest.fixture(scope="module")
def graph() -> HeteroData:
    return build_graph(make_synthetic_zoo(6, 12).zoo, HashEmbedder(4))


@pytest.fixture(scope="module")
def fold(graph: HeteroData) -> Fold:
    return missing_edges(graph, 0)[0]


@pytest.fixture
def kept(tmp_path: Path, graph: HeteroData) -> KeptAnswers:
    return KeptAnswers(tmp_path / "answers", graph)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ExtraTrees(), ExtraTrees(n_estimators=100)),
        (MatrixCompletion(), MatrixCompletion(rank=3)),
        (NumberRanker("parameters"), NumberRanker("imagenet_top1")),
        (ScoreAlone("logme"), ScoreAlone("leep")),
        (EvidencePredictor(), EvidencePredictor(TrainingConfig(seed=1))),
        (Blinded(ExtraTrees(), without_scores), Blinded(ExtraTrees(), without_relations)),
        (Blinded(ExtraTrees(), without_scores), Blinded(ExtraTrees(100), without_scores)),
        (ExtraTrees(), Blinded(ExtraTrees(), without_scores)),
    ],
)
def test_every_argument_is_in_the_key(kept: KeptAnswers, fold: Fold, one: Any, other: Any) -> None:
    assert kept.key("name", one, fold) != kept.key("name", other, fold)


def test_so_is_whether_probes_of_what_is_held_out_are_known(kept: KeptAnswers, fold: Fold) -> None:
    known = replace(fold, probes_known=True)
    assert kept.key("trees", ExtraTrees(), known) != kept.key("trees", ExtraTrees(), fold)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_has_a_description_that_does_not_change(kept: KeptAnswers, fold: Fold, name: str) -> None:
    assert kept.key(name, make_method(name), fold) == kept.key(name, make_method(name), fold)


@pytest.mark.parametrize("package", kept_answers.PACKAGES)
def test_the_versions_are_in_the_key(
    tmp_path: Path, graph: HeteroData, fold: Fold, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = KeptAnswers(tmp_path, graph).key("trees", ExtraTrees(), fold)
    real = kept_answers.version
    monkeypatch.setattr(kept_answers, "version", lambda name: "99.0" if name == package else real(name))
    assert KeptAnswers(tmp_path, graph).key("trees", ExtraTrees(), fold) != before


def test_names_are_data_too(graph: HeteroData) -> None:
    renamed = graph.clone()
    renamed[MODEL].ids = ["another", *graph[MODEL].ids[1:]]
    assert graph_fingerprint(renamed) != graph_fingerprint(graph) == graph_fingerprint(graph.clone())


def test_what_has_no_description_is_an_error() -> None:
    assert describe({"a": (1, None)}) == {"a": [1, None]}
    with pytest.raises(TypeError, match="can be described, such as numbers and names"):
        describe([lambda x: x])


def test_an_answer_is_read_as_it_was_written_and_not_if_it_was_changed(
    kept: KeptAnswers, fold: Fold, tmp_path: Path
) -> None:
    key = kept.key("trees", ExtraTrees(), fold)
    assert kept.read(key, "trees", fold) is None
    mean = torch.linspace(0.1, 0.9, int(fold.asked.sum()))
    answer = Answered("trees", fold, Prediction(mean, mean - 0.1, mean + 0.1), 1.5)
    kept.write(key, answer)
    found = kept.read(key, "trees", fold)
    assert found is not None
    assert (found.method, found.fold, found.seconds) == ("trees", fold, 1.5)
    assert all(torch.equal(mine, other) for mine, other in zip(found.prediction, answer.prediction, strict=True))

    (path,) = (tmp_path / "answers").iterdir()
    whole = path.read_bytes()
    assert kept.read("0" * 64, "trees", fold) is None
    path.rename(path.with_name(f"trees-{'0' * 24}.safetensors"))
    assert kept.read("0" * 64, "trees", fold) is None  # an answer to another question
    for raw in (whole[:-1] + bytes([whole[-1] ^ 1]), whole[:-40] + bytes([whole[-40] ^ 1]) + whole[-39:], whole[:-5]):
        path.write_bytes(raw)
        assert kept.read(key, "trees", fold) is None


def test_no_flipped_bit_is_read_as_another_answer(kept: KeptAnswers, fold: Fold, tmp_path: Path) -> None:
    key = kept.key("trees", ExtraTrees(), fold)
    mean = torch.linspace(0.1, 0.9, int(fold.asked.sum()))
    answer = Answered("trees", fold, Prediction(mean, mean - 0.1, mean + 0.1), 1.5)
    kept.write(key, answer)
    (path,) = (tmp_path / "answers").iterdir()
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :])
        found = kept.read(key, "trees", fold)
        if found is not None:
            assert found.seconds == 1.5
            assert all(
                torch.equal(mine, other) for mine, other in zip(found.prediction, answer.prediction, strict=True)
            )

"""From a version on disk to one that answers: the very same answers, and no weights but its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save
from torch_geometric.data import HeteroData

from zoograph.data.errors import PredictorError
from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.testing.hash_encoder import HashEmbedder, hash_encoder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.data.text import lookup
from zoograph.data.text.table import TextTable
from zoograph.data.text.words import zoo_texts
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.graphs.splits import hold_out, pair_folds
from zoograph.models.baselines.linear import LinearRegression
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig
from zoograph.training.retraining.material import Material
from zoograph.training.retraining.train import train_first
from zoograph.training.versions.artifact import WEIGHTS, Artifact
from zoograph.training.versions.restore import (
    cross_fitted,
    load_methods,
    load_on,
    predict_pairs,
    rank_models,
    saved_tensors,
    with_new_datasets,
)

CONFIG = TrainingConfig(num_steps=3, num_records=40)
ZOO = make_synthetic_zoo(6, 20).zoo


@pytest.fixture(scope="module", params=[False, True], ids=["alone", "with the network"])
def trained(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Artifact:
    encoder = hash_encoder(4)
    text = TextTable.empty(encoder).extended(encoder, zoo_texts(ZOO.models.values(), ZOO.datasets.values()))
    material = Material(ZOO, ZOO.runs["model"].map(lambda _: "all"), text, Protocol.HEAD, Metric.TOP1)
    return train_first(
        tmp_path_factory.mktemp("trained") / "head-toy", material, CONFIG.model_copy(update={"network": request.param})
    )


@pytest.fixture
def _encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "find_encoder", lambda name: hash_encoder(int(name.rpartition("-")[2])))


@pytest.mark.usefixtures("_encoder")
def test_what_is_restored_says_what_was_saved(trained: Artifact) -> None:
    models, datasets = trained.manifest.models, trained.manifest.datasets
    restored = load_on(trained, ZOO, "hash-4")
    for model in models[:2]:
        saved = trained.rows(model, datasets)
        assert saved is not None
        again = predict_pairs(*restored, [(model, dataset) for dataset in datasets])
        for one, other in zip(saved, again, strict=True):
            assert one == pytest.approx(other, abs=1e-6)


@pytest.mark.usefixtures("_encoder")
def test_new_datasets_are_answered_as_if_they_had_been_there_when_it_was_loaded(trained: Artifact) -> None:
    near = next(iter(ZOO.datasets.values())).model_copy(update={"id": "near", "aliases": ()})
    cards = [DatasetCard(id="new", labels=("a", "b"), num_samples=90, domain="photo", source="me"), near]
    known = load_on(trained, ZOO, "hash-4")
    whole = load_on(trained, ZOO.with_cards((), cards), "hash-4")
    found = with_new_datasets(known, ZOO, cards, "hash-4")
    pairs = [(model, dataset) for model in ZOO.models for dataset in ("new", "near", next(iter(ZOO.datasets)))]
    for one, other in zip(predict_pairs(*found, pairs), predict_pairs(*whole, pairs), strict=True):
        assert one == pytest.approx(other, abs=1e-6)  # which are single precision
    nodes = torch.arange(len(ZOO.models)), torch.tensor([0])
    for column, other in zip(rank_models(*found[:2], *nodes), rank_models(*whole[:2], *nodes), strict=True):
        assert torch.allclose(column.double(), other.double(), rtol=0, atol=1e-9)
    assert found[1] is not known[1]
    assert predict_pairs(*known, pairs[2:3]) == predict_pairs(*load_on(trained, ZOO, "hash-4"), pairs[2:3])


@pytest.mark.usefixtures("_encoder")
def test_another_encoder_is_an_error(trained: Artifact) -> None:
    with pytest.raises(PredictorError, match="trained on embeddings of another encoder than 'hash-8'"):
        load_on(trained, ZOO, "hash-8")


@pytest.mark.usefixtures("_encoder")
def test_the_baseline_does_not_see_what_it_is_asked(trained: Artifact) -> None:
    graph, _, baseline = load_on(trained, ZOO, "hash-4")
    edges = graph[TRANSFERS_TO].edge_index
    found = cross_fitted(baseline, graph, edges[:, :6])
    folds = pair_folds(graph, edges, 10)
    for place in range(6):
        honest = LinearRegression().fit(hold_out(graph, folds == folds[place]).train)
        assert found[place].item() == pytest.approx(honest.predict(edges[:, [place]]).mean.item(), abs=1e-6)


@pytest.mark.usefixtures("_encoder")
@pytest.mark.parametrize(
    ("tensors", "why"),
    [
        ({"w": np.zeros(2, np.float32)}, "its weights are not those of a predictor"),
        ({"predictor.w": np.array([np.nan], np.float32)}, "holds what is no number"),
    ],
)
def test_weights_of_something_else_are_damage(
    trained: Artifact, tmp_path: Path, save_toy: Callable[..., Artifact], tensors: dict[str, np.ndarray], why: str
) -> None:
    graph, _, _ = load_on(trained, ZOO, "hash-4")
    other = save_toy(tmp_path / "other", values=trained.manifest.values)
    (other.folder / WEIGHTS).write_bytes(save(tensors))
    with pytest.raises(PredictorError, match=f"cannot be used: .*{why}"):
        load_methods(other, graph)


def test_only_the_asked_tensors_are_handed_out(trained: Artifact) -> None:
    both = {prefix: saved_tensors(trained, prefix) for prefix in ("predictor.", "baseline.")}
    assert all(torch.isfinite(tensor).all() for tensors in both.values() for tensor in tensors.values())
    assert {"skill_places", "level_places", "logs.pair"} <= both["predictor."].keys()
    assert not both["predictor."].keys() & both["baseline."].keys()


def _with_result(result: float) -> HeteroData:
    """Return a graph that has ImageNet, and a first model whose card says how accurate it is there."""
    cards = {
        name: card.model_copy(update={"imagenet_top1": 0.5 + 0.05 * place if place else result})
        for place, (name, card) in enumerate(ZOO.models.items())
    }
    asked = DatasetCard(id="imagenet-real", num_classes=1000, source="t")
    return build_graph(replace(ZOO, models=cards).with_cards(datasets=[asked]), HashEmbedder(4))


def test_a_result_on_a_card_does_not_answer_for_itself() -> None:
    """Whatever the card says of ImageNet, an answer about ImageNet is the same; about other datasets it is not."""
    graph, planted = _with_result(0.2), _with_result(0.9)
    predictor, baseline = EvidencePredictor(CONFIG).fit(graph), LinearRegression().fit(graph)
    first = next(iter(ZOO.models))
    pairs = [(first, "imagenet-real"), (first, next(iter(ZOO.datasets)))]
    one, other = (predict_pairs(asked, predictor, baseline, pairs) for asked in (graph, planted))
    assert one[0] == other[0]
    assert one[1]["baseline"] != other[1]["baseline"]
    models = torch.arange(len(ZOO.models))
    ranked = [
        rank_models(asked, predictor, models, torch.tensor([graph[DATASET].ids.index("imagenet-real")]))
        for asked in (graph, planted)
    ]
    assert torch.equal(ranked[0].mean, ranked[1].mean)
    # The control: a predictor that was told would answer otherwise.
    place = torch.tensor([[graph[MODEL].ids.index(first)], [graph[DATASET].ids.index("imagenet-real")]])
    assert baseline.predict(place, graph).mean.item() != baseline.predict(place, planted).mean.item()

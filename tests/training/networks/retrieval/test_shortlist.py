"""The best of all models: as brute force finds them, intervals that hold, and evidence that moves answers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import torch

from zoograph.data.testing.synthetic_hub import Hub, make_synthetic_hub
from zoograph.graphs.stored.stored_graph import StoredGraph
from zoograph.graphs.stored.thinned import ThinnedGraph
from zoograph.models.retrieval.last_layer import Variances
from zoograph.models.retrieval.model_index import ModelIndex
from zoograph.training.networks.embedding import embed_all
from zoograph.training.networks.retrieval.shortlist import HubShortlist, Learned, learn_last_layer
from zoograph.training.networks.sampled import SampledConfig, load_towers, train_sampled
from zoograph.training.studies.hub.tables import write_hub_graph

pytest.importorskip("faiss")


class _Made(NamedTuple):
    hub: Hub
    graph: StoredGraph
    shortlist: HubShortlist
    index: ModelIndex
    learned: Learned
    vectors: np.ndarray


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> _Made:
    folder = tmp_path_factory.mktemp("hub")
    hub = make_synthetic_hub(folder, 2_000, 400, 20_000)
    graph = write_hub_graph(folder / "graph", hub)
    config = SampledConfig(batch_size=100, num_epochs=20, fanout=8)
    train_sampled(graph, config, folder / "training")
    network = load_towers(graph, config, folder / "training")
    thinned = ThinnedGraph(graph, 8, config.seed)
    embed_all(network, thinned, folder / "vectors")
    learned = learn_last_layer(network, ThinnedGraph(graph, 8, config.seed, blind=config.blind))
    shortlist = HubShortlist(thinned, folder / "vectors", learned)
    vectors = shortlist.indexed_vectors()
    return _Made(hub, graph, shortlist, ModelIndex.build(vectors), learned, vectors)


def test_candidates_are_those_of_brute_force(made: _Made) -> None:
    for dataset in (0, 17):
        products = (made.shortlist.question(dataset) @ made.vectors.T)[0]
        assert (
            made.index.search(made.shortlist.question(dataset), 10)[0].tolist()
            == np.argsort(-products, kind="stable")[:10].tolist()
        )


def test_the_index_ranks_models_without_runs_as_the_posterior_does(made: _Made) -> None:
    runs = np.bincount(made.hub.run_model, minlength=2_000)
    models = np.flatnonzero(runs == 0)[:50]
    products = made.vectors[models] @ made.shortlist.question(3)[0]
    mean, _, _ = made.shortlist.judge(models, 3)
    assert np.corrcoef(np.argsort(np.argsort(products)), np.argsort(np.argsort(mean.numpy())))[0, 1] > 0.99


def test_nine_of_ten_runs_lie_in_their_intervals_and_errors_are_less_than_of_a_constant(made: _Made) -> None:
    rng = np.random.default_rng(2)
    inside, errors, constant = [], [], []
    for dataset in rng.choice(400, 30, replace=False):
        models = rng.choice(2_000, 60, replace=False)
        mean, lower, upper = made.shortlist.judge(models, int(dataset))
        truth = made.hub.true_accuracies(models, np.full(60, dataset))
        value = rng.binomial(int(made.hub.dataset_size[dataset]), truth) / int(made.hub.dataset_size[dataset])
        inside.append(((value >= lower.numpy()) & (value <= upper.numpy())).mean())
        errors.append(np.abs(mean.numpy() - truth).mean())
        constant.append(np.abs(made.hub.run_value.mean() - truth).mean())
        assert (lower <= mean).all()
        assert (mean <= upper).all()
    assert 0.8 < np.mean(inside) < 0.98
    assert np.mean(errors) < 0.8 * np.mean(constant)


def test_the_best_come_first_with_their_times(made: _Made) -> None:
    answers = made.shortlist.answer(made.index, 5, k=7, candidates=40)
    assert len(answers.models) == 7
    assert (torch.diff(answers.mean) <= 0).all()
    mean, _, _ = made.shortlist.judge(answers.models, 5)
    torch.testing.assert_close(mean, answers.mean, atol=0.02, rtol=0)
    assert all(0 < spent < 10_000 for spent in answers.milliseconds)


def test_reserved_runs_move_the_question_and_nothing_else_does(made: _Made) -> None:
    deaf = Variances(torch.full((6,), 1e-12).double(), torch.full((6,), 1e-12).double(), made.learned.variances.run)
    quiet = HubShortlist(made.shortlist.thinned, made.shortlist.vectors, Learned(deaf, [1.6] * 4))
    dataset = int(np.argmax(np.bincount(made.hub.run_dataset)))
    assert np.abs(made.shortlist.question(dataset) - quiet.question(dataset)).max() > 1e-3
    assert np.abs(made.vectors - quiet.indexed_vectors()).max() > 1e-2

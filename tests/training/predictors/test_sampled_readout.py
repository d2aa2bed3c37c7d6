import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.graphs.splits import is_edge, keep_records
from zoograph.models.method import INTERVAL_SIGMAS
from zoograph.training.networks.ensemble import NetworkConfig
from zoograph.training.networks.noise import measurement_variance
from zoograph.training.predictors.sampled import SampledPredictor

TINY = NetworkConfig(
    hidden_channels=8, num_members=2, max_full_edges=0, batch_size=60, num_neighbors=(6, 3), min_batches=6, num_read=64
)
MODELS = torch.arange(12)


@pytest.fixture(scope="module")
def graph():
    return build_graph(make_synthetic_zoo(12, 40, scored=0.2, num_relations=10).zoo, HashEmbedder(8))


@pytest.fixture(scope="module")
def fitted(graph):
    return SampledPredictor(TINY).fit(graph)


def test_pairs_without_a_record_are_expected_as_they_are_predicted(graph, fitted):
    corpus = torch.tensor([40])
    pairs = torch.stack([MODELS, corpus.expand(12)])
    assert not is_edge(graph[TRANSFERS_TO].edge_index, pairs).any()
    joint, prediction = fitted.joint(MODELS, corpus), fitted.predict(pairs)
    for ours, theirs in zip(joint[:3], prediction, strict=True):
        assert torch.allclose(ours.float(), theirs, atol=1e-6)
    assert torch.allclose(joint.centres.mean(0), joint.mean)


def test_a_record_is_weighed_in_by_its_precision(graph, fitted):
    """By hand, from the prediction that does not use it."""
    store = graph[TRANSFERS_TO]
    model, dataset = store.edge_index[:, :1]
    joint, hidden = fitted.joint(model, dataset), fitted.predict(store.edge_index[:, :1])
    run = measurement_variance(graph[DATASET].sample_size[dataset]).double().item()
    half = (hidden.upper - hidden.mean).double().item()
    width = fitted._network.widths(store.edge_index[:, :1], graph).item()
    variance = (half / width) ** 2 - run  # of the truth, as the network says
    variance *= (width / INTERVAL_SIGMAS) ** 2  # as its errors say
    noise = max(measurement_variance(store.sample_size[:1]).item() / store.num_runs[0].item(), 0.005**2)
    expected = (noise * hidden.mean.item() + variance * store.edge_label[0].item()) / (noise + variance)
    assert joint.mean.item() == pytest.approx(expected, abs=1e-4)
    assert joint.covariances[0, 0, 0].item() == pytest.approx(noise * variance / (noise + variance), rel=1e-3)
    assert (joint.upper - joint.lower).item() < (hidden.upper - hidden.lower).item()


def test_errors_of_models_are_independent_given_a_member(fitted):
    joint = fitted.joint(MODELS, torch.tensor([0, 3, 40]))
    assert joint.centres.shape == (2, 12)
    off = joint.covariances - torch.diag_embed(joint.covariances.diagonal(dim1=1, dim2=2))
    assert (off == 0).all()
    assert (joint.covariances.diagonal(dim1=1, dim2=2) > 0).all()
    assert joint.ranked.tolist() == [True, True, True]


def test_a_family_is_the_mean_of_its_tasks_with_less_scatter(fitted):
    both = fitted.joint(MODELS, torch.tensor([0, 3]))
    each = [fitted.joint(MODELS, torch.tensor([task])) for task in (0, 3)]
    assert torch.allclose(both.mean, (each[0].mean + each[1].mean) / 2)
    assert torch.allclose(both.covariances, (each[0].covariances + each[1].covariances) / 4)


def test_nodes_are_like_themselves(fitted):
    akin, alike = fitted.similarities(2, torch.tensor([4]))
    assert (akin.shape, alike.shape) == ((12,), (41,))
    assert (akin[2].item(), alike[4].item()) == pytest.approx((1, 1))
    assert ((akin >= 0) & (akin <= 1)).all()


def test_an_effect_is_what_hiding_the_record_changes(graph, fitted):
    """All neighbours are read here, so that a graph without the record answers as one with the record hidden."""
    corpus = torch.tensor([40])
    pairs, points = fitted.record_effects(3, corpus)
    assert (pairs[0] == 3).all()
    assert len(points) == min(16, int((graph[TRANSFERS_TO].edge_index[0] == 3).sum()))
    assert points.abs().max() > 0
    without = keep_records(graph, (graph[TRANSFERS_TO].edge_index != pairs[:, :1]).any(0))
    asked = torch.tensor([3])
    change = fitted.joint(asked, corpus).mean - fitted.joint(asked, corpus, without).mean
    assert points[0].item() == pytest.approx(100 * change.item(), abs=1e-4)


def test_the_own_record_is_tried_first_and_only_records_that_bear_on_the_pair(graph, fitted):
    model, dataset = graph[TRANSFERS_TO].edge_index[:, 5].tolist()
    pairs, points = fitted.record_effects(model, torch.tensor([dataset]))
    assert pairs[:, 0].tolist() == [model, dataset]
    assert points[0] != 0
    assert ((pairs[0] == model) | (pairs[1] == dataset)).all()
    assert len(graph[MODEL].ids) == 12

import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import hold_out
from zoograph.models.baselines.linear import LinearRegression
from zoograph.models.baselines.means import ModelMean
from zoograph.models.baselines.ridge import InteractionRidge, noise_weights
from zoograph.models.training_records import TrainingRecords


def test_families_may_differ_between_domains(graph_of):
    models = {f"{f}{i}": {"family": f} for f in ("conv", "vit") for i in range(4)}
    datasets = {f"{d}{i}": {"domain": d} for d in ("photo", "sketch") for i in range(4)}
    good = {("conv", "sketch"), ("vit", "photo")}
    values = {
        (m, d): 0.8 if (models[m]["family"], datasets[d]["domain"]) in good else 0.4 for m in models for d in datasets
    }
    graph = graph_of(values, {**models, "new": {"family": "vit"}}, {**datasets, "zoo": {"domain": "photo"}})
    pair = torch.tensor([[graph["model"].ids.index("new")], [graph["dataset"].ids.index("zoo")]])
    assert InteractionRidge().fit(graph).predict(pair).mean.item() == pytest.approx(0.8, abs=0.05)
    # Without products the two families look alike everywhere.
    assert LinearRegression().fit(graph).predict(pair).mean.item() == pytest.approx(0.6, abs=0.05)


def test_small_samples_weigh_less_and_unknown_ones_are_not_punished(graph_of):
    graph = graph_of({("a", "x"): 0.5, ("a", "y"): 0.5, ("a", "z"): 0.5}, sizes={"x": 10, "y": 1000})
    records = TrainingRecords.of(graph)
    half = torch.full((3,), 0.5, dtype=torch.float64)
    weight = noise_weights(records, half, torch.zeros(3, dtype=torch.float64))
    expected = [1 / (1e-4 + 0.025), 1 / (1e-4 + 0.00025), 1 / 1e-4]
    assert weight.tolist() == pytest.approx(expected, rel=1e-4)


def test_beats_the_model_mean_on_new_datasets():
    graph = build_graph(make_synthetic_zoo(10, 80, seed=4).zoo, HashEmbedder(8))
    train, pairs, target = hold_out(graph, graph[TRANSFERS_TO].edge_index[1] % 4 == 0)
    ours, mean = (
        (method.fit(train).predict(pairs).mean - target).abs().mean() for method in (InteractionRidge(), ModelMean())
    )
    assert ours < 0.8 * mean

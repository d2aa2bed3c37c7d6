import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, TRANSFERS_TO
from zoograph.graphs.splits import hold_out
from zoograph.models.baselines.gaussian_process import GaussianProcess
from zoograph.models.baselines.means import ModelMean


@pytest.fixture(scope="module")
def split():
    zoo = make_synthetic_zoo(8, 40, scored=0.5, num_relations=30, seed=6)
    graph = build_graph(zoo.zoo, HashEmbedder(8))
    source, target = graph[TRANSFERS_TO].edge_index
    return hold_out(graph, (target % 6 == 0) | ((source + target) % 5 == 0))


@pytest.fixture(scope="module")
def fitted(split):
    return GaussianProcess(12).fit(split.train)


def test_beats_the_model_mean_with_honest_intervals(split, fitted):
    prediction = fitted.predict(split.pairs)
    mean = ModelMean().fit(split.train).predict(split.pairs).mean
    error = (prediction.mean - split.target).abs().mean()
    assert error < 0.6 * (mean - split.target).abs().mean()
    inside = (split.target >= prediction.lower) & (split.target <= prediction.upper)
    assert 0.8 < inside.float().mean() < 0.99


def test_learning_raises_the_evidence(split, fitted):
    assert fitted._kernel.log["chance"].item() != pytest.approx(torch.tensor(0.48).log().item())
    assert fitted._kernel.penalty() > 0


def test_what_is_unknown_is_less_certain(split, fitted):
    records = split.train[TRANSFERS_TO]
    seen = records.edge_index[1].unique()
    new = torch.tensor([j for j in range(40) if j not in seen.tolist()])
    width = [
        (p.upper - p.lower).mean() for p in (fitted.predict(torch.stack([torch.zeros_like(d), d])) for d in (seen, new))
    ]
    assert width[0] < width[1]
    assert len(new) == len([j for j in range(40) if j % 6 == 0])
    assert split.train[DATASET].num_nodes == 41


def test_hyper_parameters_may_be_learned_from_fewer_records(split, fitted):
    fast = GaussianProcess(6, num_records=80).fit(split.train)
    error = [(m.predict(split.pairs).mean - split.target).abs().mean() for m in (fast, fitted)]
    assert error[0] < 1.5 * error[1]

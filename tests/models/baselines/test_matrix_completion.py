import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import hold_out
from zoograph.models.baselines.matrix_completion import MatrixCompletion, _multiply, factorise
from zoograph.models.baselines.means import ModelMean
from zoograph.models.training_records import TrainingRecords


def test_recovers_a_low_rank_matrix_with_missing_cells(graph_of):
    u, v = [-1.0, -0.5, 0.5, 1.0, 0.8], [0.2, -0.2, 0.1, -0.1, 0.15, -0.15]
    names = [(i, j) for i in range(5) for j in range(6)]
    missing = {(0, 0), (3, 4), (4, 1)}
    graph = graph_of({(f"m{i}", f"d{j}"): 0.5 + u[i] * v[j] for i, j in names if (i, j) not in missing})
    factors = factorise(TrainingRecords.of(graph), rank=1, penalty=1e-4)
    for i, j in missing:
        predicted = _multiply(factors, torch.tensor([i]), torch.tensor([j]))
        assert predicted.item() == pytest.approx(0.5 + u[i] * v[j], abs=0.02)


def test_newcomers_are_at_the_mean(graph_of):
    values = {("a", "x"): 0.5, ("a", "y"): 0.7, ("b", "x"): 0.6, ("b", "y"): 0.8}
    method = MatrixCompletion().fit(graph_of(values, {"c": {}}, {"z": {}}))
    assert method.predict(torch.tensor([[2], [2]])).mean.item() == pytest.approx(0.65)


def test_beats_the_model_mean():
    graph = build_graph(make_synthetic_zoo(12, 40, density=0.7, seed=2).zoo, HashEmbedder(8))
    held = torch.arange(graph[TRANSFERS_TO].num_edges) % 5 == 0
    train, pairs, target = hold_out(graph, held)
    ours, mean = (
        (method.fit(train).predict(pairs).mean - target).abs().mean() for method in (MatrixCompletion(), ModelMean())
    )
    assert ours < 0.8 * mean


def test_rank_is_checked():
    with pytest.raises(ValueError, match=r"'rank' must be 0 or more \(got -1\)"):
        MatrixCompletion(-1)

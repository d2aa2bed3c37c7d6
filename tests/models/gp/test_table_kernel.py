import math

import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MODEL
from zoograph.models.gp.table_kernel import TableKernel, log_starts

STARTS = {
    "level_domain": 0.5,
    "level_own": 0.1,
    "effect_own": 2.0,
    "spread_one": 1.0,
    "score": 0.2,
    "length_models": 2.0,
    "length_distance": 1.0,
    **{f"length_number{i}": 1.5 for i in range(3)},
}


class Toy(TableKernel):
    def forward(self, graph):
        return self.combined(graph, self.model_kernels(graph), self.dataset_kernels(graph))

    def penalty(self):
        return torch.zeros(())


@pytest.fixture
def graph():
    return build_graph(make_synthetic_zoo(6, 12, scored=0.4, num_relations=8).zoo, HashEmbedder(8))


def test_kernels_are_summed_by_their_squared_weights_and_none_without_a_weight(graph):
    kernel = Toy(graph, log_starts(STARTS, torch.float64))
    covariances = kernel(graph)
    domain = graph[DATASET].x_category
    same = (domain[:, None] == domain[None]) & (domain > 0)
    expected = 0.25 * same.double() + 0.01 * torch.eye(len(domain), dtype=torch.float64)
    assert torch.allclose(covariances.level, expected)
    assert torch.allclose(covariances.effect, 4 * torch.eye(6, dtype=torch.float64))
    assert torch.allclose(covariances.spread, torch.ones_like(expected))
    assert covariances.score_weight.item() == pytest.approx(0.04)


def test_named_kernels_are_products_of_what_they_say(graph):
    kernel = Toy(graph, log_starts(STARTS, torch.float64))
    datasets, models = kernel.dataset_kernels(graph), kernel.model_kernels(graph)
    assert torch.equal(datasets["domain_labels"], datasets["domain"] * datasets["labels"])
    numbers = datasets["number0"] * datasets["number1"] * datasets["number2"]
    assert torch.allclose(datasets["cell"], datasets["domain"] * numbers)
    for matrix in (*datasets.values(), *models.values()):
        assert torch.allclose(matrix, matrix.t())


def test_scales_come_from_the_nodes_of_the_pairs_alone(graph):
    kernel = Toy(graph, log_starts(STARTS, torch.float64))
    kernel.fit_scale(graph, torch.tensor([[0, 1, 2], [0, 1, 2]]))
    before = kernel.scales[MODEL].mean.clone()
    graph[MODEL].x_number[4] = 1e6
    kernel.fit_scale(graph, torch.tensor([[0, 1, 2], [0, 1, 2]]))
    assert torch.equal(kernel.scales[MODEL].mean, before)


def test_starts_are_logarithms_in_their_precision():
    logs = log_starts({"a": 0.3}, torch.float32)
    assert logs["a"].dtype == torch.float32
    assert logs["a"].item() == pytest.approx(math.log(0.3), rel=1e-7)

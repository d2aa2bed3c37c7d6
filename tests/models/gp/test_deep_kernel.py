import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.models.gp.deep_kernel import DeepKernel, KernelConfig
from zoograph.models.gp.evidence import gram


@pytest.fixture
def graph():
    return build_graph(make_synthetic_zoo(6, 12, scored=0.4, num_relations=8).zoo, HashEmbedder(8))


def make_kernel(graph, **settings):
    torch.manual_seed(0)
    kernel = DeepKernel(graph, KernelConfig(**settings))
    kernel.fit_scale(graph, graph[TRANSFERS_TO].edge_index)
    return kernel


@pytest.mark.parametrize("gnn", [False, True])
def test_covariances_are_covariances(graph, gnn):
    covariances = make_kernel(graph, gnn=gnn)(graph)
    for matrix in (covariances.level, covariances.effect, covariances.spread):
        assert torch.allclose(matrix, matrix.t())
        assert torch.linalg.eigvalsh(matrix).min() > -1e-8
    assert torch.linalg.eigvalsh(gram(covariances, graph[TRANSFERS_TO].edge_index)).min() > -1e-8


def test_every_parameter_gets_a_gradient(graph):
    kernel = make_kernel(graph)
    covariances = kernel(graph)
    (gram(covariances, graph[TRANSFERS_TO].edge_index).sum() + kernel.penalty()).backward()
    assert all(value.grad is not None and torch.isfinite(value.grad).all() for value in kernel.parameters())


def test_no_accuracy_enters_the_prior(graph):
    kernel = make_kernel(graph)
    before = kernel(graph)
    graph[TRANSFERS_TO].edge_label = torch.rand_like(graph[TRANSFERS_TO].edge_label)
    for a, b in zip(before, kernel(graph), strict=True):
        assert torch.equal(a, b)


def test_penalty_grows_from_the_start(graph):
    kernel = make_kernel(graph)
    assert kernel.penalty().item() == 0
    with torch.no_grad():
        kernel.log["noise"] += 2.0
        next(kernel.encoder.parameters()).view(-1)[0] += 0.5
    expected = 0.5 * (kernel.config.log_precision * 4 + kernel.config.weight_precision * 0.25)
    assert kernel.penalty().item() == pytest.approx(expected)

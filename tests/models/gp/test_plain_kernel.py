from dataclasses import replace

import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import hold_out
from zoograph.models.gp.plain_kernel import PlainKernel


@pytest.fixture(scope="module")
def split():
    zoo = make_synthetic_zoo(8, 40, scored=0.5, num_relations=30, seed=6)
    graph = build_graph(zoo.zoo, HashEmbedder(8))
    source, target = graph[TRANSFERS_TO].edge_index
    return hold_out(graph, (target % 6 == 0) | ((source + target) % 5 == 0))


def test_covariance_of_all_pairs_is_symmetric_and_positive(split):
    kernel = PlainKernel(split.train)
    pairs = torch.cartesian_prod(torch.arange(8), torch.arange(20)).t()
    with torch.no_grad():
        covariances = kernel(split.train)
        matrix = covariances.between(pairs, pairs)
    assert torch.allclose(matrix, matrix.t())
    assert torch.linalg.eigvalsh(matrix).min() > -0.1  # distances need not make a kernel; the noise covers it
    assert torch.allclose(matrix.diagonal(), covariances.variance(pairs))


def test_noise_is_a_plus_b_over_n(split):
    kernel = PlainKernel(split.train)
    noise = kernel.noise(torch.tensor([48.0, torch.nan]), torch.tensor([0.5, 0.5]))
    assert noise.tolist() == pytest.approx([0.2**2 + 0.48**2 / 48 / 0.25, 0.2**2])


def test_every_number_of_a_dataset_has_its_kernels():
    zoo = make_synthetic_zoo(4, 10).zoo
    texts = {
        key: card.model_copy(update={"text_length": 10.0 + place})
        for place, (key, card) in enumerate(zoo.datasets.items())
    }
    graph = build_graph(replace(zoo, datasets=texts), HashEmbedder(4))
    kernel = PlainKernel(graph)
    assert "level_domain_number3" in kernel.log
    assert "level_domain_number3" not in PlainKernel(build_graph(zoo, HashEmbedder(4))).log
    assert kernel(graph).level.shape == (len(texts), len(texts))
    assert kernel.penalty() == 0

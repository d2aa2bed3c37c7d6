import math

import pytest
import torch

from zoograph.data.records.cards import ModelCard
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import MODEL
from zoograph.models.gp.node_kernels import (
    corpus_codes,
    distance_kernel,
    distances,
    label_overlap,
    number_kernels,
    same_code,
)
from zoograph.models.standardizer import Standardizer


def identity(width):
    return Standardizer(width)


def test_number_kernels_by_hand():
    numbers = torch.tensor([[0.0, 1.0, 0.0], [2.0, 0.0, 0.0]]).double()
    mask = torch.tensor([[True, True, False], [True, False, False]])
    full, partly, never = number_kernels(numbers, mask, identity(3), torch.ones(3))
    assert full[0, 1].item() == pytest.approx(math.exp(-2))
    assert partly.tolist() == [[1.0, pytest.approx(0.3)], [pytest.approx(0.3), 1.0]]
    assert never.tolist() == [[1, 1], [1, 1]]


def test_a_masked_number_is_never_read():
    mask = torch.tensor([[True], [False], [True]])
    a, b = torch.tensor([[1.0], [0.0], [2.0]]), torch.tensor([[1.0], [9.0], [2.0]])
    lengths = torch.ones(1)
    kernels = [number_kernels(x.double(), mask, identity(1), lengths)[0] for x in (a, b)]
    assert torch.equal(*kernels)


def test_number_kernels_are_covariances():
    generator = torch.Generator().manual_seed(0)
    numbers = torch.randn(30, 4, generator=generator).double() * 3
    mask = torch.rand(30, 4, generator=generator) < 0.5
    for kernel in number_kernels(numbers, mask, identity(4), torch.ones(4)):
        assert torch.linalg.eigvalsh(kernel).min() > -1e-9


def test_unknown_categories_are_like_nobody():
    assert same_code(torch.tensor([1, 0, 1, 0])).tolist() == [
        [1, 0, 1, 0],
        [0, 0, 0, 0],
        [1, 0, 1, 0],
        [0, 0, 0, 0],
    ]


def test_labels_corpora_and_distances_of_the_toy_zoo():
    graph = build_graph(make_toy_zoo(), HashEmbedder(8))
    overlap = label_overlap(graph)
    assert overlap[0, 1].item() == pytest.approx(1 / 2)
    assert overlap[0, 2].item() == pytest.approx(1 / math.sqrt(6))
    assert not overlap[3].any()
    assert corpus_codes(graph).tolist() == [graph["dataset"].group[3].item() + 1, 0, 0]
    far = distances(graph)
    assert far[0, 3] == far[3, 0] == 1
    assert far[0, 0] == 0
    assert far[0, 1] == math.inf


def test_distance_kernel_has_a_finite_gradient_where_nothing_was_measured():
    length = torch.tensor(2.0, requires_grad=True)
    kernel = distance_kernel(torch.tensor([[0.0, 1.0], [math.inf, 0.0]]), length)
    assert kernel.tolist() == [[1.0, pytest.approx(math.exp(-0.5))], [0.0, 1.0]]
    kernel.sum().backward()
    assert length.grad is not None
    assert length.grad.item() == pytest.approx(math.exp(-0.5) / 4)


def test_the_corpus_of_a_model_is_the_last_of_its_chain():
    zoo = make_toy_zoo()
    tuned = ModelCard(id="tuned", source="toy", corpora=("p1", "corpus"), pretrained_on="corpus")
    graph = build_graph(zoo.with_cards([tuned]), HashEmbedder(8))
    codes = dict(zip(graph[MODEL].ids, corpus_codes(graph).tolist(), strict=True))
    assert codes["tuned"] == codes["small"] > 0
    assert codes["large"] == 0

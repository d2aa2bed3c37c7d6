import math

import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.models.conformal import calibrate, conformal_quantile, grouped_quantile, half_width, situation


def test_quantile_is_the_conformal_rank():
    residuals = torch.arange(1.0, 20.0)  # 19 residuals: ceil(20 * 0.9) = 18
    assert conformal_quantile(residuals) == 18.0
    assert conformal_quantile(residuals[:8]) == math.inf


def test_half_width_is_the_conformal_rank():
    residuals = torch.tensor([-0.9, 0.1, 0.2, -0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
    assert half_width(residuals) == pytest.approx(0.9)  # ceil(0.9 * 10) = 9th smallest of 9
    assert half_width(residuals[:8]) == 1.0
    assert half_width(torch.arange(1, 20) / 100) == pytest.approx(0.18)  # ceil(0.9 * 20) = 18th


def test_quantile_covers_new_residuals_as_promised():
    generator = torch.Generator().manual_seed(0)
    covered = [
        (torch.rand(1, generator=generator) <= conformal_quantile(torch.rand(50, generator=generator))).item()
        for _ in range(4000)
    ]
    assert 0.89 < sum(covered) / len(covered) < 0.93


def test_situations():
    graph = build_graph(make_toy_zoo(), HashEmbedder(8))
    assert situation(graph, torch.tensor([[0, 0], [0, 3]])).tolist() == [0, 1]
    lonely = build_graph(make_toy_zoo(), HashEmbedder(8))
    lonely["model", "transfers_to", "dataset"].edge_index = torch.tensor([[0], [0]])
    assert situation(lonely, torch.tensor([[0, 0, 1, 1], [0, 1, 0, 1]])).tolist() == [0, 1, 2, 3]


def test_every_group_counts_alike_in_a_quantile():
    """A hundred small errors of one group are one vote of ten; two large ones of another are one too."""
    errors = torch.cat([torch.full((100,), 0.1), torch.arange(1.0, 9.0), torch.tensor([20.0, 30.0])])
    group = torch.cat([torch.full((100,), 7), torch.arange(10, 18), torch.tensor([3, 3])])
    assert grouped_quantile(errors, group, 0.1) == pytest.approx(0.1)
    assert grouped_quantile(errors, group, 0.9) == 8.0
    assert grouped_quantile(errors, group, 0.94) == 20.0
    assert grouped_quantile(errors, group, 1.0) == 30.0


def test_newcomers_are_never_narrower():
    residuals = torch.cat([torch.full((100,), 2.0), torch.full((100,), 1.0), torch.full((100,), 3.0)])
    codes = torch.cat([torch.full((100,), code) for code in (0, 1, 2)])
    assert calibrate(residuals, codes) == [2.0, 2.0, 3.0, 3.0]


def test_a_rare_situation_takes_all_residuals():
    residuals = torch.cat([torch.full((90,), 1.0), torch.full((20,), 5.0)])
    codes = torch.cat([torch.zeros(90), torch.ones(20)]).long()
    assert calibrate(residuals, codes) == pytest.approx([1.0, 5.0, 5.0, 5.0])

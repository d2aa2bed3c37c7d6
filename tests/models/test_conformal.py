import math

import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, TRANSFERS_TO
from zoograph.models.conformal import (
    BOTH_NEW,
    FEW_RECORDS,
    KNOWN,
    MOST_FEW,
    NEW_DATASET,
    NEW_MODEL,
    NEW_MODEL_FEW_RECORDS,
    calibrate,
    conformal_quantile,
    grouped_quantile,
    half_width,
    situation,
)


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


def _situations(edges: list[list[int]], families: list[int], pairs: list[list[int]]) -> list[int]:
    graph = build_graph(make_toy_zoo(), HashEmbedder(8))
    graph[TRANSFERS_TO].edge_index = torch.tensor(edges)
    graph[DATASET].group = torch.tensor(families + list(range(90, 90 + graph[DATASET].num_nodes - len(families))))
    return situation(graph, torch.tensor(pairs)).tolist()


def test_situations():
    asked = [[0, 0, 1, 1], [0, 1, 0, 1]]
    found = _situations([[0], [0]], [0, 1], asked)
    assert found == [FEW_RECORDS, NEW_DATASET, NEW_MODEL_FEW_RECORDS, BOTH_NEW]
    many = [[0] * (MOST_FEW + 1), [0] * (MOST_FEW + 1)]
    assert _situations(many, [0, 1], asked) == [KNOWN, NEW_DATASET, NEW_MODEL, BOTH_NEW]


def test_records_of_the_family_make_a_dataset_well_known_but_not_known():
    edges = [[0] * (MOST_FEW + 1), [0] * MOST_FEW + [1]]
    asked = [[0, 0, 0], [0, 1, 2]]
    assert _situations(edges, [0, 0, 0], asked) == [KNOWN, KNOWN, NEW_DATASET]
    assert _situations(edges, [0, 1, 0], asked) == [FEW_RECORDS, FEW_RECORDS, NEW_DATASET]


def test_records_that_an_answer_does_not_read_make_nothing_known():
    graph = build_graph(make_toy_zoo(), HashEmbedder(8))
    many = [[0] * (MOST_FEW + 1) + [1], [0] * (MOST_FEW + 1) + [1]]
    graph[TRANSFERS_TO].edge_index = torch.tensor(many)
    graph[DATASET].group = torch.arange(graph[DATASET].num_nodes)
    asked = torch.tensor([[0, 0, 1], [0, 1, 1]])
    assert situation(graph, asked).tolist() == [KNOWN, FEW_RECORDS, FEW_RECORDS]
    hidden = torch.arange(MOST_FEW + 2) >= MOST_FEW
    assert situation(graph, asked, hidden).tolist() == [FEW_RECORDS, NEW_DATASET, BOTH_NEW]


def test_every_group_counts_alike_in_a_quantile():
    """A hundred small errors of one group are one vote of ten; two large ones of another are one too."""
    errors = torch.cat([torch.full((100,), 0.1), torch.arange(1.0, 9.0), torch.tensor([20.0, 30.0])])
    group = torch.cat([torch.full((100,), 7), torch.arange(10, 18), torch.tensor([3, 3])])
    assert grouped_quantile(errors, group, 0.1) == pytest.approx(0.1)
    assert grouped_quantile(errors, group, 0.9) == 8.0
    assert grouped_quantile(errors, group, 0.94) == 20.0
    assert grouped_quantile(errors, group, 1.0) == 30.0


def test_newcomers_are_never_narrower():
    residuals = torch.cat([torch.full((100,), size) for size in (2.0, 1.0, 3.0, 4.0)])
    codes = torch.cat([torch.full((100,), code) for code in (KNOWN, NEW_DATASET, NEW_MODEL, FEW_RECORDS)])
    known, few, new_dataset, new_model, new_model_few, both_new = calibrate(residuals, codes)
    assert (known, few, new_dataset, new_model) == (2.0, 4.0, 2.0, 3.0)
    assert (new_model_few, both_new) == (4.0, 4.0)  # the latter, without residuals, from all of them
    assert calibrate(residuals[:300], codes[:300])[BOTH_NEW] == 3.0


def test_a_new_dataset_may_have_less_than_one_with_few_records():
    """It is in deviations, of which a new dataset has larger ones."""
    residuals = torch.cat([torch.full((900,), 1.0), torch.full((50,), 7.0)])
    codes = torch.cat([torch.full((900,), NEW_DATASET), torch.full((50,), FEW_RECORDS)])
    widths = calibrate(residuals, codes)
    assert widths[NEW_DATASET] == widths[BOTH_NEW] == 1.0
    assert widths[FEW_RECORDS] == 7.0


def test_a_rare_situation_takes_all_residuals():
    residuals = torch.cat([torch.full((90,), 1.0), torch.full((20,), 5.0)])
    codes = torch.cat([torch.full((90,), KNOWN), torch.full((20,), NEW_DATASET)])
    assert calibrate(residuals, codes) == pytest.approx([1.0, 5.0, 5.0, 5.0, 5.0, 5.0])

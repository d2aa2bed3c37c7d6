"""Widths are quantiles of the errors on records that are left out, by what is new of a pair."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, TRANSFERS_TO
from zoograph.models.conformal import conformal_quantile, grouped_quantile
from zoograph.models.evidence.kernel import EvidenceKernel
from zoograph.models.evidence.posterior import Posterior, Prior
from zoograph.training.predictors.evidence_widths import _blocks, _left_out, calibrated_widths

HEAD, TUNED = 3, 4


def _prior(graph: HeteroData) -> Prior:
    return Prior.of(EvidenceKernel().requires_grad_(False), graph)


@pytest.fixture
def posterior(graph: HeteroData) -> Posterior:
    return Posterior(_prior(graph), torch.arange(graph[DATASET].num_nodes), HEAD)


def test_newer_is_never_narrower(graph: HeteroData) -> None:
    known, new_dataset, new_model, both = calibrated_widths(_prior(graph), graph, HEAD)
    assert 0 < known <= min(new_dataset, new_model)
    assert both >= max(new_dataset, new_model)


def test_records_that_lie_closer_than_the_kernel_says_have_narrower_intervals(graph: HeteroData) -> None:
    sure, unsure = EvidenceKernel().requires_grad_(False), EvidenceKernel().requires_grad_(False)
    unsure.logs["noise_run"] += 3.0
    widths = [calibrated_widths(Prior.of(kernel, graph), graph, HEAD)[0] for kernel in (sure, unsure)]
    assert widths[1] < widths[0]


def test_a_new_dataset_is_as_uncertain_as_under_any_protocol(graph: HeteroData) -> None:
    """Under the other protocol of half of the models, datasets lie far from where the kernel expects them."""
    prior = _prior(graph)
    cells = prior.records.cells
    protocol = torch.where(cells.model % 2 == 0, TUNED, cells.protocol)
    far = torch.where(protocol == TUNED, 8.0 * (cells.dataset % 2 - 0.5), 0.0)
    records = replace(prior.records, cells=cells._replace(protocol=protocol), logit=prior.records.logit + far)
    widths, (own, tuned) = (
        calibrated_widths(prior._replace(records=records), graph, HEAD),
        (_left_out(prior._replace(records=records), graph, code, [1]) for code in (HEAD, TUNED)),
    )
    quantile = grouped_quantile(torch.cat([own.error, tuned.error]), torch.cat([2 * own.family, 2 * tuned.family + 1]))
    assert widths[1] == pytest.approx(quantile)
    assert widths[1] > conformal_quantile(own.error)


def test_every_asked_record_is_left_out_once_a_situation(posterior: Posterior, graph: HeteroData) -> None:
    cells = posterior.records.cells
    asked = (posterior.records.cells.protocol == HEAD).nonzero().flatten()
    blocks = _blocks(posterior, graph, HEAD)
    assert sorted(blocks) == [0, 1, 2, 3]
    for code in (0, 1, 2):
        rows = torch.cat([block[inside] for block, inside in blocks[code]])
        assert rows.sort().values.tolist() == asked.tolist()
    for block, _ in blocks[1]:
        family = graph[DATASET].group[cells.dataset]
        assert len(family[block].unique()) == 1
        assert (family == family[block[0]]).sum() == len(block)  # other protocols are left out with it
    for block, _ in blocks[2]:
        assert (cells.model == cells.model[block[0]]).sum() == len(block)


def test_of_a_pair_that_is_new_on_both_sides_nothing_of_either_is_known(
    posterior: Posterior, graph: HeteroData
) -> None:
    cells, family = posterior.records.cells, graph[DATASET].group[posterior.records.cells.dataset]
    for block, inside in _blocks(posterior, graph, HEAD)[3]:
        (row,) = block[inside].tolist()
        left = torch.ones(len(cells.model), dtype=torch.bool)
        left[block] = False
        assert not (cells.model[left] == cells.model[row]).any()
        assert not (family[left] == family[row]).any()


def test_intervals_hold_nine_of_ten_left_out_records() -> None:
    graph = build_graph(make_synthetic_zoo(10, 60, seed=2).zoo, HashEmbedder(8))
    prior = _prior(graph)
    width = calibrated_widths(prior, graph, HEAD)[0]
    posterior = Posterior(prior, torch.arange(graph[DATASET].num_nodes), HEAD)
    quarters = _blocks(posterior, graph, HEAD)[0]
    rows = torch.cat([block[inside] for block, inside in quarters])
    mean, variance = posterior.left_out(quarters)
    cells = posterior.records.cells.at(rows)
    noise = posterior.noise(mean, cells, graph[DATASET].sample_size[cells.dataset].double())
    inside = (posterior.records.logit[rows] - mean).abs() <= width * (variance + noise).sqrt()
    assert len(rows) == graph[TRANSFERS_TO].num_edges
    assert 0.9 <= inside.double().mean() < 0.91

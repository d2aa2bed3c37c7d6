"""Widths are quantiles of the errors on records that are left out, by what is new of a pair."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.models.conformal import FEW_RECORDS, KNOWN, NEW_DATASET, conformal_quantile, grouped_quantile
from zoograph.models.evidence.kernel import EvidenceKernel
from zoograph.models.evidence.posterior import Prior
from zoograph.training.predictors.evidence_left_out import leave_out
from zoograph.training.predictors.evidence_widths import calibrated_widths
from zoograph.training.predictors.left_out import LeftOut

HEAD, TUNED = 3, 4


def _prior(graph: HeteroData) -> Prior:
    return Prior.of(EvidenceKernel().requires_grad_(False), graph)


def _widths(prior: Prior, graph: HeteroData) -> list[float]:
    return calibrated_widths(leave_out(prior, graph, HEAD), HEAD)


def _errors(parts: list[LeftOut], situation: int) -> torch.Tensor:
    return torch.cat([part.errors for part in parts if part.situation == situation])


def test_newer_is_never_narrower(graph: HeteroData) -> None:
    known, few, new_dataset, new_model, new_model_few, both = _widths(_prior(graph), graph)
    assert 0 < known <= min(few, new_dataset, new_model)
    assert new_model_few >= max(few, new_model)
    assert both >= max(new_dataset, new_model)


def test_records_that_lie_closer_than_the_kernel_says_have_narrower_intervals(graph: HeteroData) -> None:
    sure, unsure = EvidenceKernel().requires_grad_(False), EvidenceKernel().requires_grad_(False)
    unsure.logs["noise_run"] += 3.0
    widths = [_widths(Prior.of(kernel, graph), graph)[0] for kernel in (sure, unsure)]
    assert widths[1] < widths[0]


@pytest.mark.parametrize("situation", [NEW_DATASET, FEW_RECORDS])
def test_a_dataset_is_as_uncertain_as_under_any_protocol(graph: HeteroData, situation: int) -> None:
    """Under the other protocol of half of the models, datasets and models lie far from where they are expected."""
    prior = _prior(graph)
    cells = prior.records.cells
    protocol = torch.where(cells.model % 2 == 0, TUNED, cells.protocol)
    where, whose = 8.0 * (cells.dataset % 2 - 0.5), torch.where(cells.model == 0, 20.0, 0.0)
    far = torch.where(protocol == TUNED, where + whose * (cells.dataset % 3 - 1), 0.0)
    records = replace(prior.records, cells=cells._replace(protocol=protocol), logit=prior.records.logit + far)
    left_out = leave_out(prior._replace(records=records), graph, HEAD)
    widths = calibrated_widths(left_out, HEAD)
    own, tuned = (_errors(left_out[code], situation) for code in (HEAD, TUNED))
    families = [
        torch.cat([part.family for part in left_out[code] if part.situation == situation]) for code in (HEAD, TUNED)
    ]
    quantile = grouped_quantile(torch.cat([own, tuned]), torch.cat([2 * families[0], 2 * families[1] + 1]))
    assert widths[situation] == pytest.approx(quantile)
    assert widths[situation] > conformal_quantile(own)


def test_intervals_hold_nine_of_ten_left_out_records() -> None:
    graph = build_graph(make_synthetic_zoo(10, 60, seed=2).zoo, HashEmbedder(8))
    prior = _prior(graph)
    left_out = leave_out(prior, graph, HEAD)
    errors = _errors(left_out[HEAD], KNOWN)
    assert len(errors) == graph[TRANSFERS_TO].num_edges
    assert 0.9 <= (errors <= calibrated_widths(left_out, HEAD)[KNOWN]).double().mean() < 0.91

"""What is left out, is left out with everything that was measured of it, and predicted from the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET
from zoograph.models.evidence import posterior as posterior_module
from zoograph.models.evidence.kernel import EvidenceKernel
from zoograph.models.evidence.posterior import Posterior, Prior
from zoograph.training.predictors.evidence_left_out import NEW_DATASET, LeftOut, blocks_of, leave_out

HEAD, TUNED = 3, 4


@pytest.fixture
def prior(graph: HeteroData) -> Prior:
    return Prior.of(EvidenceKernel().requires_grad_(False), graph)


@pytest.fixture
def posterior(prior: Prior, graph: HeteroData) -> Posterior:
    return Posterior(prior, torch.arange(graph[DATASET].num_nodes), HEAD)


def _first_new_dataset(prior: Prior, graph: HeteroData) -> LeftOut:
    return next(part for part in leave_out(prior, graph, HEAD)[HEAD] if part.situation == NEW_DATASET)


def test_every_asked_record_is_left_out_once_a_situation(posterior: Posterior, graph: HeteroData) -> None:
    cells = posterior.records.cells
    asked = (posterior.records.cells.protocol == HEAD).nonzero().flatten()
    blocks = blocks_of(posterior, graph, HEAD)
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
    for block, inside in blocks_of(posterior, graph, HEAD)[3]:
        (row,) = block[inside].tolist()
        left = torch.ones(len(cells.model), dtype=torch.bool)
        left[block] = False
        assert not (cells.model[left] == cells.model[row]).any()
        assert not (family[left] == family[row]).any()


def test_a_record_is_predicted_without_its_block(
    prior: Prior, graph: HeteroData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a left-out family measured, its own predictions are the same; but for its spread, which is held here."""
    spread = posterior_module.spreads(prior.records, graph[DATASET].num_nodes)
    monkeypatch.setattr(posterior_module, "spreads", lambda *_: spread)
    first = _first_new_dataset(prior, graph)
    cells = prior.records.cells
    own = torch.isin(cells.dataset, first.dataset)
    planted = prior.records.logit + torch.where(own, 0.7 * cells.model, 0.0)
    again = _first_new_dataset(prior._replace(records=replace(prior.records, logit=planted)), graph)
    assert torch.equal(again.dataset, first.dataset)
    assert not torch.allclose(again.logit, first.logit)
    assert torch.allclose(again.mean, first.mean)


def test_of_other_protocols_only_new_datasets_are_left_out(prior: Prior, graph: HeteroData) -> None:
    cells = prior.records.cells
    protocol = torch.where(cells.model % 2 == 0, TUNED, cells.protocol)
    records = replace(prior.records, cells=cells._replace(protocol=protocol))
    found = leave_out(prior._replace(records=records), graph, HEAD)
    assert sorted(found) == [HEAD, TUNED]
    assert {part.situation for part in found[HEAD]} == {0, 1, 2, 3}
    assert {part.situation for part in found[TUNED]} == {NEW_DATASET}

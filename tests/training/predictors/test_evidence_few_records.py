"""A left-out dataset with a few records known is predicted as if no others of its family had been measured."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET
from zoograph.models.conformal import FEW_RECORDS
from zoograph.models.evidence import posterior as posterior_module
from zoograph.models.evidence.cells import Records
from zoograph.models.evidence.kernel import EvidenceKernel
from zoograph.models.evidence.posterior import Posterior, Prior
from zoograph.models.evidence.spread import spreads
from zoograph.training.predictors import evidence_few_records as few_module
from zoograph.training.predictors.evidence_left_out import leave_out
from zoograph.training.predictors.left_out import LeftOut

HEAD = 3


@pytest.fixture(scope="module")
def graph() -> HeteroData:
    """24 models on 12 datasets in pairs of a family."""
    graph = build_graph(make_synthetic_zoo(24, 12).zoo, HashEmbedder(8))
    graph[DATASET].group = torch.arange(graph[DATASET].num_nodes) // 2
    return graph


@pytest.fixture
def prior(graph: HeteroData) -> Prior:
    """No two of its records are the same, so that one is found by its logit."""
    prior = Prior.of(EvidenceKernel().requires_grad_(False), graph)
    apart = prior.records.logit + 1e-4 * torch.arange(len(prior.records))
    return prior._replace(records=replace(prior.records, logit=apart))


def _few(prior: Prior, graph: HeteroData) -> list[LeftOut]:
    return [part for part in leave_out(prior, graph, HEAD)[HEAD] if part.situation == FEW_RECORDS]


def _rest(prior: Prior, part: LeftOut) -> torch.Tensor:
    """Return the places of the part's records, in its order."""
    cells, dataset = prior.records.cells, part.dataset[0]
    places = ((cells.dataset == dataset) & (cells.protocol == HEAD)).nonzero().flatten()
    found = (prior.records.logit[places][:, None] == part.logit[None]).double()
    assert (found.sum(0) == 1).all()
    return places[found.argmax(0)]


def _asked_directly(prior: Prior, graph: HeteroData, part: LeftOut) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and variance of the part's logits from a posterior that never saw them, nor their family."""
    rest, records = _rest(prior, part), prior.records
    own = records.cells.dataset == part.dataset[0]
    hidden = (graph[DATASET].group[records.cells.dataset] == part.family[0]) & ~(own & (records.cells.protocol == HEAD))
    hidden[rest] = True
    posterior = Posterior(prior, part.dataset[:1], HEAD, records.at(~hidden))
    return posterior.predict(records.cells.at(rest))


def _hold_spreads(monkeypatch: pytest.MonkeyPatch, records: Records, number: int) -> None:
    held = spreads(records, number)
    for module in (posterior_module, few_module):
        monkeypatch.setattr(module, "spreads_of", lambda _: held)


def test_of_each_family_one_dataset_has_one_three_and_nine_records(prior: Prior, graph: HeteroData) -> None:
    parts = _few(prior, graph)
    assert [len(part.logit) for part in parts] == [23, 21, 15] * 18  # three times for each of six families
    assert all(len(part.dataset.unique()) == 1 for part in parts)
    assert len({int(part.family[0]) for part in parts}) == 6


def test_it_is_what_the_process_answers(prior: Prior, graph: HeteroData, monkeypatch: pytest.MonkeyPatch) -> None:
    _hold_spreads(monkeypatch, prior.records, graph[DATASET].num_nodes)
    for part in _few(prior, graph)[:6]:
        mean, variance = _asked_directly(prior, graph, part)
        assert torch.allclose(part.mean, mean, atol=1e-7)
        assert torch.allclose(part.covariance.diagonal(), variance, atol=1e-7)


def test_models_lie_as_far_apart_as_few_records_tell(prior: Prior, graph: HeteroData) -> None:
    """Nearly: of a family left out in closed form the spread is known, of one with few records it is not."""
    cells = prior.records.cells
    apart = torch.where(cells.dataset == 0, 3 * prior.records.logit, prior.records.logit)
    prior = prior._replace(records=replace(prior.records, logit=apart))
    for part in (part for part in _few(prior, graph) if part.family[0] == 0):
        mean, variance = _asked_directly(prior, graph, part)
        assert (part.mean - mean).abs().max() < 0.25 * mean.std()
        assert torch.allclose(part.covariance.diagonal(), variance, rtol=0.25)
    told = spreads(prior.records, graph[DATASET].num_nodes)[0, HEAD]
    assert told > 1.3 * spreads(prior.records.at(cells.dataset != 0), graph[DATASET].num_nodes)[0, HEAD]


def test_what_is_asked_is_not_found(prior: Prior, graph: HeteroData, monkeypatch: pytest.MonkeyPatch) -> None:
    _hold_spreads(monkeypatch, prior.records, graph[DATASET].num_nodes)
    first = _few(prior, graph)[1]
    rest = _rest(prior, first)
    planted = prior.records.logit.index_add(0, rest, torch.linspace(-2, 2, len(rest)).double())
    again = _few(prior._replace(records=replace(prior.records, logit=planted)), graph)[1]
    assert not torch.allclose(again.logit, first.logit)
    assert torch.allclose(again.mean, first.mean)

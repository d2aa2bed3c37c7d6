"""Learning by evidence: the loss is minus the log evidence and the log prior, and L-BFGS brings it down."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import MultivariateNormal

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.training.predictors.evidence_module import EvidenceModule
from zoograph.training.predictors.plain_member import PlainGP
from zoograph.training.predictors.records import Records
from zoograph.training.runtime.trainer import fit_quietly


@pytest.fixture
def made() -> tuple[PlainGP, Records, EvidenceModule, list[int]]:
    """A member, its records, what learns it in four iterations, and a mark for each evaluation."""
    graph = build_graph(make_synthetic_zoo(6, 20).zoo, HashEmbedder(8))
    member, records = PlainGP(graph), Records.of(graph)
    ((kernel, prior),) = member.stages(graph, records)
    kernel.fit_scale(graph, records.pairs)
    ticks: list[int] = []
    return member, records, EvidenceModule(kernel, prior, records, 4, lambda: ticks.append(1)), ticks


def test_the_loss_is_that_of_a_multivariate_gaussian(made: tuple[PlainGP, Records, EvidenceModule, list[int]]) -> None:
    _, records, module, ticks = made
    some = torch.arange(0, len(records.latent), 3)
    covariances, noise = module._prior()
    pairs = records.pairs[:, some]
    covariance = covariances.between(pairs, pairs) + torch.diag(noise.of(pairs, records.num_runs[some]))
    gaussian = MultivariateNormal(torch.zeros(len(some), dtype=covariance.dtype), covariance)
    expected = module.kernel.penalty() - gaussian.log_prob(records.latent[some])
    assert module.training_step(some, 0).item() == pytest.approx(expected.item())
    assert ticks == [1]


def test_training_brings_the_loss_down(made: tuple[PlainGP, Records, EvidenceModule, list[int]]) -> None:
    _, records, module, ticks = made
    everything = torch.arange(len(records.latent))
    before = module.training_step(everything, 0).item()
    fit_quietly(module, [everything])
    assert module.training_step(everything, 0).item() < before - 1
    assert len(ticks) > 4  # a line search evaluates more than once

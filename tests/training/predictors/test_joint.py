"""What is predicted jointly keeps to a contract."""

from __future__ import annotations

import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig
from zoograph.training.predictors.joint import JointPrediction, centred, draw_normal


@pytest.fixture(scope="module")
def graph() -> HeteroData:
    return build_graph(make_synthetic_zoo(6, 20, scored=0.2).zoo, HashEmbedder(8))


def test_the_contract(graph: HeteroData) -> None:
    joint = (
        EvidencePredictor(TrainingConfig(num_steps=3)).fit(graph).joint(torch.tensor([3, 0, 4]), torch.tensor([1, 5]))
    )
    assert isinstance(joint, JointPrediction)
    assert [tuple(part.shape) for part in joint[:3]] == [(3,)] * 3
    assert (joint.draws.shape[1], tuple(joint.covariance.shape), tuple(joint.noise.shape)) == (3, (3, 3), (3,))
    assert (joint.ranked.dtype, tuple(joint.ranked.shape)) == (torch.bool, (2,))
    assert ((joint.lower >= 0) & (joint.lower <= joint.mean) & (joint.mean <= joint.upper) & (joint.upper <= 1)).all()
    assert torch.allclose(joint.covariance, joint.covariance.t())
    assert torch.linalg.eigvalsh(joint.covariance).min() > -1e-6
    assert torch.allclose(joint.draws.mean(0), joint.mean)
    assert (joint.noise > 0).all()


def test_draws_have_the_moments_that_they_are_drawn_from() -> None:
    mean, factor = torch.tensor([0.2, 0.8]), torch.tensor([[0.3, 0.0], [0.2, 0.1]])
    draws = draw_normal(mean, factor @ factor.t(), 50_000)
    assert torch.allclose(draws.mean(0), mean, atol=1e-5)
    assert torch.allclose(draws.t().cov(), factor @ factor.t(), atol=2e-3)
    assert torch.equal(draws, draw_normal(mean, factor @ factor.t(), 50_000))
    assert not torch.equal(draws, draw_normal(mean, factor @ factor.t(), 50_000, seed=1))


def test_centred_draws_have_the_mean_that_is_asked_for() -> None:
    assert torch.allclose(
        centred(torch.tensor([[0.0, 4.0], [1.0, 2.0]]), torch.tensor([1.0, 1.0])), torch.tensor([[0.5, 2], [1.5, 0]])
    )

"""Whoever predicts jointly keeps to one contract."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.training.networks.ensemble import NetworkConfig
from zoograph.training.predictors.exact import ExactPredictor, TrainingConfig
from zoograph.training.predictors.joint import JointPrediction
from zoograph.training.predictors.sampled import SampledPredictor

MAKERS = {
    "exact": lambda: ExactPredictor(TrainingConfig(num_members=2, num_iterations=(1, 1, 1), num_records=(30, 30))),
    "sampled": lambda: SampledPredictor(
        NetworkConfig(hidden_channels=8, num_members=2, max_full_edges=0, batch_size=60, min_batches=4)
    ),
}


@pytest.fixture(scope="module")
def graph() -> HeteroData:
    return build_graph(make_synthetic_zoo(6, 20, scored=0.2).zoo, HashEmbedder(8))


@pytest.mark.parametrize("kind", MAKERS)
def test_the_contract(graph: HeteroData, kind: str) -> None:
    predictor: Any = MAKERS[kind]()
    joint = predictor.fit(graph).joint(torch.tensor([3, 0, 4]), torch.tensor([1, 5]))
    assert isinstance(joint, JointPrediction)
    assert [tuple(part.shape) for part in joint[:3]] == [(3,)] * 3
    assert joint.centres.shape[1:] == (3,)
    assert joint.covariances.shape == (len(joint.centres), 3, 3)
    assert (joint.ranked.dtype, tuple(joint.ranked.shape)) == (torch.bool, (2,))
    assert ((joint.lower >= 0) & (joint.lower <= joint.mean) & (joint.mean <= joint.upper) & (joint.upper <= 1)).all()
    assert torch.allclose(joint.covariances, joint.covariances.transpose(1, 2))
    assert (torch.linalg.eigvalsh(joint.covariances) > -1e-6).all()
    assert torch.allclose(joint.centres.mean(0).float(), joint.mean.float(), atol=0.02)

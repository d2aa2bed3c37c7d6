"""What is predicted jointly keeps to a contract."""

from __future__ import annotations

import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig
from zoograph.training.predictors.joint import JointPrediction


@pytest.fixture(scope="module")
def graph() -> HeteroData:
    return build_graph(make_synthetic_zoo(6, 20, scored=0.2).zoo, HashEmbedder(8))


def test_the_contract(graph: HeteroData) -> None:
    joint = (
        EvidencePredictor(TrainingConfig(num_steps=3)).fit(graph).joint(torch.tensor([3, 0, 4]), torch.tensor([1, 5]))
    )
    assert isinstance(joint, JointPrediction)
    assert [tuple(part.shape) for part in joint[:3]] == [(3,)] * 3
    assert joint.centres.shape[1:] == (3,)
    assert joint.covariances.shape == (len(joint.centres), 3, 3)
    assert (joint.ranked.dtype, tuple(joint.ranked.shape)) == (torch.bool, (2,))
    assert ((joint.lower >= 0) & (joint.lower <= joint.mean) & (joint.mean <= joint.upper) & (joint.upper <= 1)).all()
    assert torch.allclose(joint.covariances, joint.covariances.transpose(1, 2))
    assert (torch.linalg.eigvalsh(joint.covariances) > -1e-6).all()
    assert torch.allclose(joint.centres.mean(0).float(), joint.mean.float(), atol=0.02)

import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.models.gp.deep_kernel import KernelConfig
from zoograph.training.predictors.deep_member import DeepGP
from zoograph.training.predictors.records import Records


@pytest.fixture(scope="module")
def graph():
    return build_graph(make_synthetic_zoo(6, 20).zoo, HashEmbedder(8))


def test_noise_follows_sample_size_and_chance(graph):
    torch.manual_seed(0)
    member = DeepGP(graph, KernelConfig(gnn=False))
    records = Records.of(graph)
    _, even = member.prior(member.first, graph, records.scale, None)
    size = graph["dataset"].sample_size[:20]
    small, large = int(size.argmin()), int(size.argmax())
    assert even.run[0, small] > even.run[0, large]
    chance = member.chance(graph, records)
    assert chance.shape == even.run.shape
    assert ((chance > 0) & (chance <= 0.25)).all()

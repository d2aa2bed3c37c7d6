import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.models.gp.deep_kernel import KernelConfig
from zoograph.training.predictors.deep_member import DeepGP
from zoograph.training.predictors.records import Noise, Records


@pytest.fixture(scope="module")
def graph():
    return build_graph(make_synthetic_zoo(6, 20).zoo, HashEmbedder(8))


def test_records_are_the_visible_ones(graph):
    visible = torch.zeros(graph[TRANSFERS_TO].num_edges, dtype=torch.bool)
    visible[:7] = True
    records = Records.of(graph, visible)
    assert torch.equal(records.pairs, graph[TRANSFERS_TO].edge_index[:, :7])
    back = records.latent * records.scale.spread[records.pairs[1]] + records.scale.centre[records.pairs[1]]
    assert torch.allclose(back.float(), graph[TRANSFERS_TO].edge_label[:7])
    assert sorted(records.sample(5, 0).tolist()) == records.sample(5, 0).tolist()
    assert len(records.sample(100, 0)) == 7


def test_repeats_average_their_own_noise_away_and_nothing_else():
    noise = Noise(torch.full((2, 2), 0.4), torch.zeros(2), 0.1)
    pairs = torch.tensor([[0, 1], [1, 0]])
    assert noise.of(pairs, torch.tensor([1.0, 4.0])).tolist() == pytest.approx([0.5, 0.2])


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

"""Sampled predictions are those of the whole graph where the bound does not bind."""

from __future__ import annotations

import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.models.networks.gnn import TransferGNN
from zoograph.training.networks import readout
from zoograph.training.networks.readout import read_sampled, read_whole


@pytest.mark.parametrize("num_influences", [0, 60])
def test_answers_are_those_of_the_whole_graph_and_of_no_company(
    num_influences: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo = make_synthetic_zoo(6, 20, scored=0.4, num_relations=5, num_influences=num_influences).zoo
    graph = build_graph(zoo, HashEmbedder(8))
    torch.manual_seed(0)
    network = TransferGNN(graph, 8)
    network.fit_scale(graph)
    torch.nn.init.normal_(network.decoder.out.weight)
    visible = torch.rand(graph[TRANSFERS_TO].num_edges) < 0.7
    pairs = torch.cartesian_prod(torch.arange(6), torch.arange(21)).t()
    whole = read_whole(network, graph, visible, pairs)
    sampled = read_sampled(network, graph, visible, pairs, 1000)
    bounded = read_sampled(network, graph, visible, pairs, 3)
    monkeypatch.setattr(readout, "_PAIRS_AT_ONCE", 10)
    alone = read_sampled(network, graph, visible, pairs[:, 30:37], 3)
    for a, b, c, d in zip(whole, sampled, bounded, alone, strict=True):
        assert torch.allclose(a, b, atol=1e-6)
        assert not torch.allclose(a, c, atol=1e-3)
        assert torch.allclose(c[30:37], d, atol=1e-6)

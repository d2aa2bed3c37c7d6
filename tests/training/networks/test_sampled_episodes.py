"""Sampled batches: every record is asked for once a pass, and never seen in the batch that asks."""

from __future__ import annotations

import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO, reverse
from zoograph.graphs.splits import is_edge
from zoograph.models.networks.gnn import TransferGNN
from zoograph.models.pair_features import measured_scores
from zoograph.training.networks.episodes import Episode
from zoograph.training.networks.sampled_episodes import SampledEpisodes, draw_batches, num_batches

PLANTED = 0.987654


@pytest.fixture(scope="module")
def graph() -> HeteroData:
    return build_graph(make_synthetic_zoo(30, 60, 0.5, scored=0.3, num_relations=20).zoo, HashEmbedder(8))


def _nodes(episode: Episode, pairs: torch.Tensor) -> torch.Tensor:
    """Return the numbers that ``pairs`` have in the whole graph."""
    return torch.stack([episode.graph[kind].n_id[nodes] for kind, nodes in zip((MODEL, DATASET), pairs, strict=True)])


def test_no_supervised_edge_is_visible_in_either_direction(graph: HeteroData) -> None:
    for episode in SampledEpisodes(graph, 100, (8, 4)):
        asked = _nodes(episode, episode.pairs)
        for kind, flip in ((TRANSFERS_TO, False), (reverse(TRANSFERS_TO), True)):
            store = episode.graph[kind]
            shown = store.edge_index.flip(0) if flip else store.edge_index
            assert shown.shape[1] > 0
            assert not is_edge(_nodes(episode, shown), asked).any()
            assert "edge_label" not in store


def test_a_planted_answer_is_not_in_what_is_read(graph: HeteroData) -> None:
    planted = graph.clone()
    for kind in (TRANSFERS_TO, reverse(TRANSFERS_TO)):
        planted[kind].edge_label = torch.full_like(graph[kind].edge_label, 0.5)
    for episode in SampledEpisodes(planted, 100, (8, 4), seed=1):
        copy = planted.clone()
        asked = is_edge(_nodes(episode, episode.pairs), planted[TRANSFERS_TO].edge_index)
        for kind in (TRANSFERS_TO, reverse(TRANSFERS_TO)):
            copy[kind].edge_label = torch.where(asked, PLANTED, 0.5)
        again = next(
            other
            for other in SampledEpisodes(copy, 100, (8, 4), seed=1)
            if other.pairs.shape == episode.pairs.shape and (other.target == PLANTED).all()
        )
        for store in again.graph.edge_stores:
            for value in store.values():
                assert not (value == PLANTED).any()
        break


def test_one_pass_asks_for_every_record_once(graph: HeteroData) -> None:
    episodes = SampledEpisodes(graph, 100, (8, 4))
    store, seen = graph[TRANSFERS_TO], []
    for episode in episodes:
        seen.append(_nodes(episode, episode.pairs))
        edges = [(store.edge_index == pair[:, None]).all(0).nonzero().item() for pair in seen[-1].t()]
        assert torch.equal(episode.target, store.edge_label[edges])
        assert torch.equal(episode.sample_size, store.sample_size[edges])
    asked = torch.cat(seen, dim=1)
    assert len(seen) == len(episodes) == num_batches(store.num_edges, 100)
    assert asked.shape[1] == store.num_edges
    assert is_edge(asked, store.edge_index).all()
    assert len(SampledEpisodes(graph, 100, num_epochs=3)) == 3 * len(episodes)


def test_neighbours_are_bounded(graph: HeteroData) -> None:
    for episode in SampledEpisodes(graph, 100, (4, 2)):
        for kind in (TRANSFERS_TO, reverse(TRANSFERS_TO)):
            assert episode.graph[kind].edge_index[1].bincount().max() <= 4


def test_batches_are_blocks_that_leave_most_of_a_node_visible(graph: HeteroData) -> None:
    edge_index = graph[TRANSFERS_TO].edge_index
    batches = draw_batches(graph, 50, torch.Generator().manual_seed(0))
    assert torch.equal(torch.cat(batches).sort().values, torch.arange(edge_index.shape[1]))
    touched = [len(torch.unique(edge_index[0, batch])) for batch in batches]
    assert max(touched) <= 15  # of 30: a batch reaches into two of four parts at most
    few = draw_batches(graph, 10**6, torch.Generator().manual_seed(0))
    assert len(few) == 4


def test_episodes_follow_their_seed(graph: HeteroData) -> None:
    first, again, other = (next(iter(SampledEpisodes(graph, 100, (4, 2), seed=seed))) for seed in (1, 1, 2))
    assert torch.equal(first.target, again.target)
    assert torch.equal(first.graph[TRANSFERS_TO].e_id, again.graph[TRANSFERS_TO].e_id)
    assert not torch.equal(first.target, other.target)


def test_some_models_and_datasets_play_new(graph: HeteroData) -> None:
    lonely = {MODEL: 0, DATASET: 0}
    for episode in SampledEpisodes(graph, 50, (8, 4), num_epochs=2):
        for kind, nodes in zip((DATASET, MODEL), episode.pairs.flip(0), strict=True):
            edge_type = TRANSFERS_TO if kind == DATASET else reverse(TRANSFERS_TO)
            degree = episode.graph[edge_type].edge_index[1].bincount(minlength=episode.graph[kind].num_nodes)
            lonely[kind] += int((degree[torch.unique(nodes)] == 0).sum())
    assert min(lonely.values()) > 10


def test_the_network_takes_a_batch_unchanged_with_the_scores_of_its_pairs(graph: HeteroData) -> None:
    network = TransferGNN(graph, 8)
    network.fit_scale(graph)
    episode = next(iter(SampledEpisodes(graph, 100, (4, 2))))
    mean, spread = network(episode.graph, episode.pairs)
    assert mean.shape == spread.shape == episode.target.shape
    scores, known = measured_scores(graph, _nodes(episode, episode.pairs))
    assert known.any()
    for own, found in zip((scores, known), measured_scores(episode.graph, episode.pairs), strict=True):
        assert torch.equal(own, found)

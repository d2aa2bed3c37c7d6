import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import SCORED_ON
from zoograph.models.gp.covariances import Covariances, dense_scores


def covariances():
    level = torch.tensor([[1.0, 0.5], [0.5, 2.0]]).double()
    effect = torch.tensor([[3.0, 1.0], [1.0, 4.0]]).double()
    spread = torch.tensor([[1.0, 0.1], [0.1, 1.0]]).double()
    scores = torch.tensor([[[1.0], [2.0]], [[0.0], [-1.0]]]).double()
    return Covariances(level, effect, spread, scores, torch.tensor(0.5).double())


def test_covariance_of_two_pairs_by_hand():
    a, b = torch.tensor([[0], [1]]), torch.tensor([[1, 0], [1, 0]])
    # level + effect x spread + weight x product of the scores
    expected = torch.tensor([[2.0 + 1.0 * 1.0 + 0.5 * 2 * -1, 0.5 + 3.0 * 0.1 + 0.5 * 2 * 1]]).double()
    assert torch.allclose(covariances().between(a, b), expected)


def test_variance_is_the_diagonal():
    pairs = torch.cartesian_prod(torch.arange(2), torch.arange(2)).t()
    assert torch.allclose(covariances().variance(pairs), covariances().between(pairs, pairs).diagonal())


def test_dense_scores_hold_what_was_measured_and_zero_elsewhere():
    graph = build_graph(make_synthetic_zoo(6, 12, scored=0.4, num_relations=8).zoo, HashEmbedder(8))
    store, scores = graph[SCORED_ON], dense_scores(graph)
    source, target = store.edge_index
    assert torch.equal(scores[source, target], store.edge_attr.double())
    assert scores.count_nonzero() <= store.num_edges

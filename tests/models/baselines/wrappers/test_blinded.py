import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.models.baselines.rankers import ScoreAlone
from zoograph.models.baselines.wrappers.blinded import Blinded
from zoograph.training.evaluation.ablation import without_scores


def test_what_is_taken_is_seen_neither_in_fitting_nor_in_predicting():
    graph = build_graph(make_synthetic_zoo(6, 12, scored=0.8).zoo, HashEmbedder(8))
    pairs = torch.cartesian_prod(torch.arange(6), torch.arange(12)).t()
    blind = Blinded(ScoreAlone("logme"), without_scores).fit(graph)
    for answer in (blind.predict(pairs), blind.predict(pairs, graph)):
        assert torch.equal(answer.mean, ScoreAlone("logme").fit(without_scores(graph)).predict(pairs).mean)
    seeing = ScoreAlone("logme").fit(graph).predict(pairs)
    assert not torch.equal(answer.mean, seeing.mean)

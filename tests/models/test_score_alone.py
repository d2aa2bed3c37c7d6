import pytest
import torch

from zoograph.data.synthetic import make_synthetic_zoo
from zoograph.data.testing import HashEmbedder
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import hold_out
from zoograph.models.score_alone import ScoreAlone, measured_scores

VALUES = {("a", "x"): 0.4, ("b", "x"): 0.6, ("a", "y"): 0.7, ("b", "y"): 0.9}
SCORES = [
    ("a", "x", "logme", 1.0),
    ("b", "x", "logme", 3.0),
    ("a", "z", "leep", -1.0),
    ("c", "z", "leep", -0.5),
]


@pytest.fixture
def graph(graph_of):
    return graph_of(VALUES, {"c": {}}, {"z": {}}, [*SCORES, ("c", "x", "logme", 2.0)])


def test_scores_and_their_absence(graph):
    pairs = torch.tensor([[0, 1, 2, 0], [0, 0, 0, 1]])
    values, known = measured_scores(graph, pairs)  # columns leep, logme; standardised: 1, 3, 2 -> -1, 1, 0
    assert values.tolist() == [[0, -1], [0, 1], [0, 0], [0, 0]]
    assert known.tolist() == [[False, True], [False, True], [False, True], [False, False]]


def test_last_pair_of_all_has_no_score(graph):
    assert not measured_scores(graph, torch.tensor([[2], [1]]))[1].any()


def test_line_in_the_score_by_hand(graph):
    method = ScoreAlone("logme").fit(graph)
    mean = method.predict(torch.tensor([[0, 1, 2, 2, 2], [0, 0, 0, 1, 2]])).mean
    # x: 0.1 a unit of score from the mean 0.5; y and z were not scored: their own and the overall mean.
    assert mean.tolist() == pytest.approx([0.4, 0.6, 0.5, 0.8, 0.65])


def test_a_score_nobody_measured_leaves_the_dataset_mean(graph):
    mean = ScoreAlone("nce").fit(graph).predict(torch.tensor([[2, 2], [0, 1]])).mean
    assert mean.tolist() == pytest.approx([0.5, 0.8])


def test_scores_beat_the_mean_where_they_are_informative():

    graph = build_graph(make_synthetic_zoo(8, 30, scored=1.0).zoo, HashEmbedder(8))
    held = torch.arange(graph[TRANSFERS_TO].num_edges) % 4 == 0
    train, pairs, target = hold_out(graph, held)
    scored, blind = (
        (ScoreAlone(name).fit(train).predict(pairs).mean - target).abs().mean() for name in ("logme", "none")
    )
    assert scored < 0.9 * blind

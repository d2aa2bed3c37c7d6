import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import hold_out
from zoograph.models.baselines.rankers import LEAST_SLOPE, NumberRanker, RandomRanker, ScoreAlone, rising_slope
from zoograph.models.pair_features import measured_scores

TOP1 = {m: {"imagenet_top1": x} for m, x in (("a", 0.6), ("b", 0.7), ("c", 0.8))}


def test_line_through_the_dataset_means_by_hand(graph_of):
    values = {("a", "x"): 0.4, ("b", "x"): 0.5, ("a", "y"): 0.6, ("b", "y"): 0.7}
    graph = graph_of(values, models=TOP1, datasets={"z": {}})
    mean = NumberRanker("imagenet_top1").fit(graph).predict(torch.tensor([[2, 2, 2, 0], [0, 1, 2, 2]])).mean
    # Accuracy rises by 1 per unit of top-1 accuracy; records have mean 0.55 at top-1 0.65.
    assert mean.tolist() == pytest.approx([0.6, 0.8, 0.7, 0.5])


def test_order_stands_even_where_records_contradict(graph_of):
    graph = graph_of({("a", "x"): 0.9, ("b", "x"): 0.1}, models=TOP1)
    mean = NumberRanker("imagenet_top1").fit(graph).predict(torch.tensor([[0, 1, 2], [0, 0, 0]])).mean
    assert mean[0] < mean[1] < mean[2]


def test_models_without_the_number_get_the_dataset_mean(graph_of):
    graph = graph_of({("a", "x"): 0.4, ("b", "x"): 0.6}, models={"a": {"parameters": 10}, "b": {}})
    mean = NumberRanker("parameters").fit(graph).predict(torch.tensor([[1], [0]])).mean
    assert mean.item() == pytest.approx(0.5)
    nothing = NumberRanker("imagenet_top1").fit(graph).predict(torch.tensor([[0, 1], [0, 0]])).mean
    assert nothing.tolist() == pytest.approx([0.5, 0.5])


def test_slope():
    x = torch.tensor([-1.0, 1.0])
    assert rising_slope(x, 0.3 * x) == pytest.approx(0.3)
    assert rising_slope(x, -x) == LEAST_SLOPE
    assert rising_slope(torch.zeros(2), x) == LEAST_SLOPE


def test_unknown_number_is_refused():
    with pytest.raises(ValueError, match=r"'number' must be one of parameters, .* \(got 'colour'\)"):
        NumberRanker("colour")


# -- one score alone

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


def test_chance_orders_models_alike_in_every_graph_and_every_process(graph_of):
    graph = graph_of(VALUES)
    pairs = graph[TRANSFERS_TO].edge_index
    once = RandomRanker().fit(graph).predict(pairs)
    again = RandomRanker().fit(graph).predict(pairs.flip(1))
    assert torch.equal(once.mean, again.mean.flip(0))
    # The CRC-32 of "x", a zero byte and "a", and that of "x" and "b".
    signal, known = RandomRanker()._signal(graph, torch.tensor([[0, 1], [0, 0]]))
    assert signal.tolist() == pytest.approx([2_669_064_500 / 2**32, 102_752_398 / 2**32])
    assert known.all()


def test_a_number_that_no_model_with_records_has_is_measured_among_those_in_question(graph_of):
    numbers = {name: {"imagenet_top1": x} for name, x in (("c", 0.6), ("d", 0.9))}
    graph = graph_of({("a", "x"): 0.4, ("b", "x"): 0.6}, models={"a": {}, "b": {}, "e": {}, **numbers})
    mean = NumberRanker("imagenet_top1").fit(graph).predict(torch.tensor([[2, 3, 4], [0, 0, 0]])).mean
    # Models in order: a, b, c, d, e. The unknown one stands between the others, not below them.
    assert mean.tolist() == pytest.approx([0.5 - LEAST_SLOPE, 0.5 + LEAST_SLOPE, 0.5])

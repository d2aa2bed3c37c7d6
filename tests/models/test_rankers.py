import pytest
import torch

from zoograph.models.rankers import LEAST_SLOPE, NumberRanker, rising_slope

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

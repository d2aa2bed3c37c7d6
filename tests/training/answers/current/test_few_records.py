import math

import pytest
import torch

from zoograph.data.errors import PredictorError
from zoograph.data.records.records import Protocol
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.models.baselines.means import Additive
from zoograph.training.answers.current.few_records import make_additive, predict_pairs
from zoograph.training.predictors.joint import JointPrediction


@pytest.fixture(scope="module")
def made():
    return make_additive(make_toy_zoo(), Protocol.HEAD)


def node(graph, model, dataset):
    return torch.tensor([[list(graph[MODEL].ids).index(model)], [list(graph[DATASET].ids).index(dataset)]])


def test_a_pair_without_a_record_is_answered_by_the_baseline(made):
    graph, predictor = made
    pair = node(graph, "hub/other", "s2")
    for ours, theirs in zip(predictor.predict(pair), Additive().fit(graph).predict(pair), strict=True):
        assert torch.equal(ours, theirs)


def test_a_measured_pair_is_answered_without_its_own_record(made):
    graph, predictor = made
    zoo = make_toy_zoo()
    runs = zoo.runs[(zoo.runs["model"] != "small") | (zoo.runs["dataset"] != "s1")]
    less, _ = make_additive(zoo.with_runs(runs), Protocol.HEAD)
    pair = node(graph, "small", "s1")
    assert predictor.predict(pair).mean.item() == pytest.approx(Additive().fit(less).predict(pair).mean.item())


def test_five_records_promise_nothing(made):
    """An interval of 90 % takes nine errors or more."""
    _, predictor = made
    joint = predictor.joint(torch.arange(3), torch.tensor([0]))
    assert isinstance(joint, JointPrediction)
    assert (joint.lower.tolist(), joint.upper.tolist()) == ([0.0] * 3, [1.0] * 3)
    assert joint.draws.std(0).min() > 0.2
    assert torch.allclose(joint.draws.mean(0), joint.mean)


def test_rows_have_no_linear_regression(made):
    graph, predictor = made
    (row,) = predict_pairs(graph, predictor, [("hub/other", "s2")])
    assert list(row) == ["mean", "lower", "upper", "baseline"]
    assert row["baseline"] is None
    assert math.isclose(row["mean"], predictor.predict(node(graph, "hub/other", "s2")).mean.item())


def test_the_only_record_cannot_predict_itself():
    graph, predictor = make_additive(make_toy_zoo(), Protocol.FINETUNE)
    assert graph[TRANSFERS_TO].num_edges == 1
    with pytest.raises(PredictorError, match="The only record is that of 'small' on 's2' itself"):
        predictor.predict(node(graph, "small", "s2"))
    assert predictor.predict(node(graph, "small", "s1")).mean.item() == pytest.approx(0.1, abs=1e-6)

import pytest

from zoograph.data.records.records import Protocol
from zoograph.data.store.measurements import Measured
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.training.answers.measured_pairs import measured_pairs


def test_pairs_are_means_over_the_runs_of_one_protocol_and_metric():
    zoo = make_toy_zoo()
    assert measured_pairs(zoo, Protocol.HEAD) == {
        ("small", "s1"): Measured(pytest.approx(0.6), 2),
        ("small", "p1"): Measured(0.9, 1),
        ("large", "s1"): Measured(0.8, 1),
        ("large", "s2"): Measured(0.6, 1),
        ("hub/other", "p1"): Measured(0.4, 1),
    }
    assert measured_pairs(zoo, Protocol.FINETUNE) == {("small", "s2"): Measured(0.1, 1)}
    assert measured_pairs(zoo.with_runs(zoo.runs.iloc[:0]), Protocol.HEAD) == {}

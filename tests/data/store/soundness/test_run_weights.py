import numpy as np
import pytest

from zoograph.data.store.soundness.run_weights import ENOUGH, mean_of_runs, run_weights


def test_runs_count_by_the_samples_that_they_were_tested_on_where_all_runs_of_the_pair_say_so():
    place = np.array([1, 0, 1, 0, 2, 2])
    sizes = np.array([84.0, 30.0, 2.0, np.nan, 50.0, 50.0])
    assert run_weights(place, sizes).tolist() == [84.0, 1.0, 2.0, 1.0, 1.0, 1.0]
    assert run_weights(np.zeros(0, np.int64), np.zeros(0)).tolist() == []


def test_beyond_enough_samples_runs_count_alike():
    sizes = np.array([ENOUGH, 9.0 * ENOUGH, ENOUGH / 2, 9.0 * ENOUGH])
    assert run_weights(np.array([0, 0, 1, 1]), sizes).tolist() == [1.0, 1.0, ENOUGH / 2, ENOUGH]


def test_a_row_of_several_runs_counts_as_all_of_them():
    place, sizes, number = np.array([0, 0, 1, 1]), np.array([10.0, 20.0, 10.0, 10.0]), np.array([3.0, 1.0, 3.0, 1.0])
    assert run_weights(place, sizes, number).tolist() == [30.0, 20.0, 3.0, 1.0]


def test_the_mean_of_some_runs():
    assert mean_of_runs([1.0, 0.2], [84, 2]) == pytest.approx(84.4 / 86)
    assert mean_of_runs([1.0, 0.2], [84, None]) == pytest.approx(0.6)
    assert mean_of_runs([0.25, 0.5], [None, None]) == 0.375

from __future__ import annotations

import numpy as np
import pytest

from zoograph.data.tasks.stratified import held_out_rows, stratified_hold_out, stratified_sample, validation_rows

LABELS = np.repeat([3, 7, 9], [60, 30, 10])


def test_a_sample_keeps_the_proportions() -> None:
    rows = stratified_sample(LABELS, 50)
    assert np.unique(LABELS[rows], return_counts=True)[1].tolist() == [30, 15, 5]
    assert rows.tolist() == sorted(set(rows.tolist()))


def test_every_class_comes_first() -> None:
    labels = np.repeat(np.arange(5), [1000, 1, 1, 1, 1])
    assert set(labels[stratified_sample(labels, 5)]) == {0, 1, 2, 3, 4}
    assert len(stratified_sample(labels, 3)) == 3


def test_a_smaller_sample_is_part_of_a_larger_one() -> None:
    assert set(stratified_sample(LABELS, 20, seed=4)) < set(stratified_sample(LABELS, 40, seed=4))


def test_a_sample_larger_than_the_rows_is_all_of_them() -> None:
    assert stratified_sample(LABELS, 1000).tolist() == list(range(100))


def test_the_seed_decides_the_choice() -> None:
    assert (stratified_sample(LABELS, 30, seed=1) == stratified_sample(LABELS, 30, seed=1)).all()
    assert (stratified_sample(LABELS, 30, seed=1) != stratified_sample(LABELS, 30, seed=2)).any()
    assert (stratified_hold_out(LABELS, 0.3, seed=1) == stratified_hold_out(LABELS, 0.3, seed=1)).all()
    assert (stratified_hold_out(LABELS, 0.3, seed=1) != stratified_hold_out(LABELS, 0.3, seed=2)).any()


def test_a_fraction_of_each_class_is_held_out() -> None:
    held = stratified_hold_out(LABELS, 0.3)
    assert [int(held[label == LABELS].sum()) for label in (3, 7, 9)] == [18, 9, 3]


def test_small_classes_lend_one_and_keep_one() -> None:
    labels = np.array([0, 1, 1, 2, 2, 2])
    for fraction, expected in ((0.01, [0, 1, 1]), (0.99, [0, 1, 2])):
        held = stratified_hold_out(labels, fraction)
        assert [int(held[label == labels].sum()) for label in (0, 1, 2)] == expected


@pytest.mark.parametrize("fraction", [0.0, 1.0, -1.0])
def test_a_fraction_outside_the_unit_interval(fraction: float) -> None:
    with pytest.raises(ValueError, match="needs to be between 0 and 1"):
        stratified_hold_out(LABELS, fraction)


def test_given_images_are_chosen_by_if_every_class_has_others():
    assert validation_rows([0, 0, 1, 1], [True, False, False, True], 0.5).tolist() == [True, False, False, True]
    for given in ([True, True, False, False], [False] * 4, None):
        assert validation_rows([0, 0, 1, 1], given, 0.5).sum() == 2


def test_a_dataset_is_tested_on_its_own_test_samples_or_on_a_share_of_each_class() -> None:
    labels = [0, 0, 0, 0, 1, 1, 1, 1]
    own = [False, True] * 4
    assert held_out_rows(labels, own, 0.5).tolist() == own
    assert held_out_rows(labels, None, 0.5, 3).tolist() == stratified_hold_out(labels, 0.5, 3).tolist()

"""Splits that list their classes in other orders, or other classes."""

from __future__ import annotations

import pytest

from zoograph.data.tasks.splits import Split, join_splits, split_named


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", Split.TRAIN),
        ("TRAINING", Split.TRAIN),
        ("train2017", Split.TRAIN),
        ("train_images", Split.TRAIN),
        ("val", Split.VALIDATION),
        ("Valid", Split.VALIDATION),
        ("dev", Split.VALIDATION),
        ("test-set", Split.TEST),
        ("images", None),
        ("cat", None),
        ("train station", None),
        ("testament", None),
        ("2017", None),
    ],
)
def test_names_of_splits(name: str, split: Split | None) -> None:
    assert split_named(name) is split


def test_labels_are_joined_by_name() -> None:
    joined = join_splits("x", ["ant", "bee", "cat"], {Split.TRAIN: ["cat", "ant", "bee"], Split.TEST: ["bee", "cat"]})
    assert joined.rows == (
        (Split.TRAIN, 0, 2),
        (Split.TRAIN, 1, 0),
        (Split.TRAIN, 2, 1),
        (Split.TEST, 0, 1),
        (Split.TEST, 1, 2),
    )
    assert joined.mask(joined.test) == (False, False, False, True, True)
    assert (joined.validation, joined.mask(joined.validation), joined.warnings) == (None, None, ())


def test_spellings_are_joined_where_they_are_of_one_class() -> None:
    joined = join_splits("x", ["Big_Cat", "a", "A"], {Split.TRAIN: ["Big_Cat", "a", "A"], Split.TEST: ["big cat", "A"]})
    assert joined.rows[3:] == ((Split.TEST, 0, 0), (Split.TEST, 1, 2))


def test_an_unlabelled_test_split_gives_way_to_validation() -> None:
    labels = {Split.TRAIN: ["a", "b"], Split.VALIDATION: ["b", "a"], Split.TEST: [None, None]}
    joined = join_splits("x", ["a", "b"], labels)
    assert (joined.test, joined.validation) == (Split.VALIDATION, None)
    assert joined.mask(joined.test) == (False, False, True, True)
    assert joined.warnings == (
        "The test split of 'x' is passed over: its images have no labels (2 images).",
        "The validation split of 'x' is what is tested on.",
    )


def test_classes_that_were_not_learned_are_left_out_and_said() -> None:
    labels = {Split.TRAIN: ["a", "b", None], Split.TEST: ["a", "wasp", "wasp", "c", None]}
    joined = join_splits("x", ["a", "b", "c"], labels)
    assert [row[1] for row in joined.rows if row[0] is Split.TEST] == [0]
    assert joined.warnings == (
        "1 image in the train split of 'x' has no label and is left out.",
        "1 image in the test split of 'x' has no label and is left out.",
        "Classes in the test split of 'x' without a training image are left out, because nobody can have learned "
        "them: 'wasp' (2), 'c' (1).",
    )


def test_without_a_split_to_test_on() -> None:
    joined = join_splits("x", ["a", "b"], {Split.TRAIN: ["a", "b"], Split.TEST: ["y"]})
    assert (joined.test, joined.validation, len(joined.rows)) == (None, None, 2)
    assert "none of its classes is one to train on" in joined.warnings[0]

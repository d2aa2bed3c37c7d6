"""Splits that measure nothing are refused, and those that leave something out are warned of."""

from __future__ import annotations

import pytest
import torch

from zoograph.data.errors import FoldsError
from zoograph.data.images.task import ImageTask, make_task
from zoograph.training.measuring.split_quality import judge_split, require_difference, require_split

CLASSES = ["ok", "scratch", "dent"]


def _task(labels: list[int], contents: list[bytes] | None = None, warnings: tuple[str, ...] = ()) -> ImageTask:
    held = contents or [bytes([row]) for row in range(len(labels))]
    return make_task("defect", "x", CLASSES, [""] * len(labels), labels, lambda row: held[row], warnings=warnings)


def test_a_sound_split_has_no_warning() -> None:
    assert judge_split(_task([0, 0, 1, 1]), [True, False, True, False]) == []


def test_test_images_of_one_class_say_nothing() -> None:
    with pytest.raises(FoldsError, match=r"\(got 2 of 'ok' alone\)\. Add images of 'scratch'\."):
        judge_split(_task([0, 0, 0, 1]), [True, True, False, False])


def test_a_class_without_test_images_is_named() -> None:
    (warning,) = judge_split(_task([0, 0, 1, 1, 2]), [True, False, True, False, False])
    assert warning == "Nothing is known of 'dent': no test image is of it."


def test_a_class_without_training_images_is_named() -> None:
    (warning,) = judge_split(_task([0, 0, 1, 1, 2]), [True, False, True, False, True])
    assert warning == "No training image is of 'dent': their 1 test images count as errors."


def test_test_images_that_were_trained_on_are_counted() -> None:
    task = _task([0, 0, 1, 1], [b"a", b"a", b"b", b"c"])
    (warning,) = judge_split(task, [True, False, True, False])
    assert warning == "1 of the 2 test images are among the training images too."


def test_images_in_several_classes_are_counted() -> None:
    task = _task([0, 0, 1, 1, 1], [b"a", b"b", b"a", b"c", b"b"])
    *_, warning = judge_split(task, [True, False, True, False, False])
    assert warning == "2 images are in several classes: one label at most is right."
    unreadable = _task([0, 0, 1, 1], [b"a", b"", b"b", b""])
    assert not any("several classes" in text for text in judge_split(unreadable, [True, False, True, False]))


def test_an_accuracy_on_the_training_images_is_none() -> None:
    task = _task([0, 0, 1, 1], [b"a", b"a", b"b", b"b"])
    with pytest.raises(FoldsError, match=r"must be others than the training images.*\(got the same 2\)"):
        judge_split(task, [True, False, True, False])


def test_one_picture_many_times() -> None:
    with pytest.raises(FoldsError, match=r"must differ \(got one image 4 times\)"):
        judge_split(_task([0, 0, 1, 1], [b"a"] * 4), [True, False, True, False])


def test_only_the_rows_that_are_used_count_and_warnings_of_the_task_come_first() -> None:
    task = _task([0, 0, 1, 1, 2], warnings=("The test split is passed over.",))
    rows = [0, 1, 2, 3]
    assert judge_split(task, [True, False, True, False], rows) == ["The test split is passed over."]


def test_features_that_are_all_the_same() -> None:
    same = torch.ones(5, 3)
    same[2, 1] += 1e-7
    with pytest.raises(FoldsError, match=r"got the same features for all 5"):
        require_difference(same, "defect")
    same[2, 1] += 1e-2
    require_difference(same, "defect")


def test_classes_of_one_image_each_leave_none_to_test_on() -> None:
    with pytest.raises(FoldsError, match=r"'defect' must have two images, .* \(got 2 classes of one image each\)"):
        judge_split(_task([0, 1]), [False, False])


def test_what_the_classes_tell_is_found_without_a_look_at_a_sample() -> None:
    def look(row: int) -> bytes:
        raise AssertionError(row)

    task = make_task("defect", "x", CLASSES, [""] * 4, [0, 0, 1, 1], look)
    require_split(task, [True, False, True, False])
    with pytest.raises(FoldsError, match=r"\(got 2 of 'ok' alone\)"):
        require_split(task, [True, True, False, False])
    with pytest.raises(FoldsError, match=r"Add images; of a table, --label-column names another column\."):
        require_split(task, [False, False, False, False])

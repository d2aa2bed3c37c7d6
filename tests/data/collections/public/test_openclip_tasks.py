"""OpenCLIP's tasks: 38 of them, each with what it measures."""

from __future__ import annotations

from collections import Counter

import pytest

from zoograph.data.collections.public.openclip_tasks import OPENCLIP_TASKS, find_openclip_task
from zoograph.data.collections.public_datasets import LEFT_OUT, find_public_dataset, read_public_datasets
from zoograph.data.records.records import Metric


def test_metrics_of_the_tasks() -> None:
    assert Counter(task.metric for task in OPENCLIP_TASKS.values()) == {
        Metric.TOP1: 27,
        Metric.MEAN_PER_CLASS: 4,
        Metric.WORST_GROUP: 3,
        Metric.RECALL: 2,
        Metric.JACCARD: 1,
        Metric.F1: 1,
    }
    assert len(OPENCLIP_TASKS) == 38


@pytest.mark.parametrize("task", OPENCLIP_TASKS)
def test_a_task_is_a_dataset_or_is_left_out(task: str) -> None:
    if task in LEFT_OUT:
        assert find_openclip_task(task).metric in (Metric.RECALL, Metric.JACCARD)
    else:
        find_public_dataset(task)


def test_tasks_on_the_authors_test_images_have_as_many_of_them() -> None:
    cards = {card.id: card for card in read_public_datasets()}
    others = {}
    for task, known in OPENCLIP_TASKS.items():
        if task not in LEFT_OUT:
            splits = cards[find_public_dataset(task)].splits
            if known.test_size not in splits.values():
                others[task] = known.test_size
    # One image more than is published, cut-out objects, the whole of a dataset, or a part of it.
    assert others == {
        "Caltech-101": 6_085,
        "EuroSAT": 5_400,
        "Pascal VOC 2007": 14_976,
        "RESISC45": 6_300,
        "SUN397": 108_754,
        "GeoDE": 12_488,
    }


def test_a_metric_whose_name_says_too_little_has_a_detail() -> None:
    assert all(
        task.detail for task in OPENCLIP_TASKS.values() if task.metric not in (Metric.TOP1, Metric.MEAN_PER_CLASS)
    )

"""MIEB: probes with repeats, zero-shot apart, several labels an image, clusterings, and towers that timm has."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.collections.public.mieb import SOURCE, read_mieb
from zoograph.data.errors import RawDataError, UnknownName
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Metric, Protocol, Run

RUNS = """model,revision,task,split,accuracy,lrap,nmi,n_exp,exp_acc
facebook/dinov2-small,abc,CIFAR10,test,0.97746,,,5,0.9775|0.977|0.978|0.9758|0.979
facebook/dinov2-small,abc,VOC2007,test,0.3,0.91,,5,0.3|0.3|0.3|0.3|0.3
facebook/dinov2-small,abc,CIFAR10Clustering,test,,,0.7,0,
ann/clip,abc,CIFAR10ZeroShot,test,0.90000000001,,,0,
ann/clip,abc,Food101Classification,validation,0.8,,,1,0.8
"""
DATASETS = """task,split,num_samples,num_labels
CIFAR10,test,10000,10
CIFAR10,train,50000,10
VOC2007,test,4952,20
CIFAR10ZeroShot,test,10000,10
"""
MODELS = """model,n_parameters,embed_dim,license,release_date
facebook/dinov2-small,22000000.0,384,apache-2.0,2023-07-18
ann/clip,,512,,
"""
TO_TIMM = "mieb_model,timm_name\nfacebook/dinov2-small,vit_small_patch14_dinov2.lvd142m\n"


def write(folder: Path, runs: str = RUNS) -> Path:
    for name, text in (
        ("mieb_image_classification.csv", runs),
        ("mieb_datasets.csv", DATASETS),
        ("mieb_models.csv", MODELS),
        ("mieb_to_timm.csv", TO_TIMM),
    ):
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def toy(tmp_path: Path) -> Collection:
    return read_mieb(write(tmp_path))


def find(toy: Collection, model: str, dataset: str) -> Run:
    (run,) = [run for run in toy.runs if (run.model, run.dataset) == (model, dataset)]
    return run


def test_a_probe_is_the_mean_of_its_repeats_and_says_their_spread(toy: Collection) -> None:
    run = find(toy, "vit_small_patch14_dinov2.lvd142m", "cifar10")
    assert (run.protocol, run.metric, run.value) == (Protocol.PROBE, Metric.TOP1, 0.97746)
    assert (run.shots, run.train_size, run.test_size, run.repeats) == (16, 160, 10_000, 5)
    assert run.hyperparameters == {"spread": 0.00119, "revision": "abc"}  # standard deviation of the five, by hand
    assert run.source == SOURCE


def test_images_with_several_labels_are_measured_by_their_ranking(toy: Collection) -> None:
    run = find(toy, "vit_small_patch14_dinov2.lvd142m", "voc2007")
    assert (run.metric, run.value, run.hyperparameters) == (Metric.LRAP, 0.91, {"revision": "abc"})


def test_zero_shot_is_a_protocol_of_its_own_without_shots(toy: Collection) -> None:
    run = find(toy, "ann/clip", "cifar10")
    assert (run.protocol, run.value, run.test_size) == (Protocol.ZERO_SHOT, 0.9, 10_000)
    assert (run.shots, run.train_size, run.repeats, run.hyperparameters) == (None, None, None, {"revision": "abc"})


def test_one_draw_has_no_spread_and_sizes_that_nobody_states_are_empty(toy: Collection) -> None:
    run = find(toy, "ann/clip", "food101")
    assert (run.protocol, run.repeats, run.hyperparameters) == (Protocol.PROBE, 1, {"revision": "abc"})
    assert (run.train_size, run.test_size) == (None, None)


def test_clusterings_are_left_out(toy: Collection) -> None:
    assert len(toy.runs) == 4


def test_a_tower_that_timm_has_is_its_node_and_gets_no_card(toy: Collection) -> None:
    assert [card.id for card in toy.models] == ["ann/clip"]


@pytest.mark.parametrize(
    ("old", "new", "kind", "message"),
    [
        ("CIFAR10,test,0.97746", "CIFAR11x,test,0.97746", UnknownName, "Unknown dataset 'CIFAR11x'"),
        ("0.97746", "97.746", RawDataError, r"'value' at .*line 2"),
        ("task,split", "job,split", RawDataError, "needs a column 'task'"),
    ],
)
def test_a_bad_table_is_refused(tmp_path: Path, old: str, new: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        read_mieb(write(tmp_path, RUNS.replace(old, new, 1)))

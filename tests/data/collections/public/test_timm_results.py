"""timm's results: percent, two sizes of one weight, a thousands comma, and test sets that are parts of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.collections.public.timm_results import SOURCE, TEST_SETS, fraction, read_timm_results
from zoograph.data.errors import RawDataError
from zoograph.data.records.records import Metric, Protocol

HEADER = "model,img_size,top1,top1_err,top5,top5_err,param_count,crop_pct,interpolation"
ROWS = """eva_giant.m30m,560,89.790,10.210,98.990,1.010,"1,014.45",1.000,bicubic
resnet18.a1,224,71.5,28.5,90.0,10.0,11.69,0.95,bicubic
resnet18.a1,288,72.29,27.71,90.0,10.0,11.69,1.0,bicubic
"""


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    for name, _ in TEST_SETS.values():
        (tmp_path / name).write_text(f"{HEADER}\n{ROWS}")
    # ImageNet's own images of the 200 classes of two other sets: better than they are.
    for name in ("results-imagenet-a-clean.csv", "results-imagenet-r-clean.csv"):
        (tmp_path / name).write_text(f"{HEADER}\n{ROWS.replace('89.790', '98.940')}")
    return tmp_path


def test_percent_become_fractions_with_the_published_digits(raw: Path) -> None:
    runs = {(run.model, run.dataset, run.input_size): run for run in read_timm_results(raw).runs}
    assert runs["eva_giant.m30m", "imagenet", 560].value == 0.8979
    run = runs["resnet18.a1", "imagenet-real", 288]
    assert (run.value, run.metric, run.protocol, run.source) == (0.7229, Metric.TOP1, Protocol.NATIVE, SOURCE)
    assert (run.shots, run.train_size) == (None, None)


def test_two_image_sizes_are_two_runs_on_each_test_set(raw: Path) -> None:
    runs = [run for run in read_timm_results(raw).runs if run.model == "resnet18.a1"]
    assert len(runs) == 12
    assert {(run.input_size, run.value) for run in runs} == {(224, 0.715), (288, 0.7229)}


def test_clean_subsets_are_left_out_and_sizes_are_those_of_the_labelled_images(raw: Path) -> None:
    runs = read_timm_results(raw).runs
    assert {run.dataset: run.test_size for run in runs} == {
        "imagenet": 50_000,
        "imagenet-real": 46_837,
        "imagenetv2": 10_000,
        "imagenet-a": 7_500,
        "imagenet-r": 30_000,
        "imagenet-sketch": 50_889,
    }
    assert max(run.value for run in runs) == 0.8979


def test_a_fraction_has_no_noise_behind_its_digits() -> None:
    assert [fraction(text) for text in ("90.056", "7.100", "100")] == [0.90056, 0.071, 1.0]


def test_a_percentage_above_a_hundred_is_refused(raw: Path) -> None:
    path = raw / "results-sketch.csv"
    path.write_text(path.read_text().replace("71.5,", "715,"))
    with pytest.raises(RawDataError, match=r"'value' at .*results-sketch\.csv', line 3"):
        read_timm_results(raw)

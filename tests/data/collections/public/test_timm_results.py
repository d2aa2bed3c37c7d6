from pathlib import Path

import pytest

from zoograph.data.collections.public.timm_results import SOURCE, TEST_SETS, fraction, read_timm_results
from zoograph.data.errors import RawDataError
from zoograph.data.records.records import Metric, Protocol

HEAD = "model,img_size,top1,top1_err,top5,top5_err,param_count,crop_pct,interpolation"


@pytest.fixture
def folder(write) -> Path:
    for name, _ in TEST_SETS.values():
        write(
            name,
            HEAD,
            'big.in1k,448,90.056,9.944,99.054,0.946,"1,014.45",1.000,bicubic',
            'big.in1k,224,88.5,11.5,98.0,2.0,"1,014.45",1.000,bicubic',
        )
    return write("results-imagenet-a-clean.csv", HEAD, "big.in1k,448,99.0,1.0,99.9,0.1,1,1,bicubic")


def test_a_weight_at_two_sizes_has_two_runs_on_each_test_set(folder: Path) -> None:
    runs = read_timm_results(folder).runs
    assert len(runs) == 2 * 6  # the clean subsets are left out
    first = next(run for run in runs if run.dataset == "imagenet" and run.input_size == 448)
    assert (first.model, first.protocol, first.metric, first.value) == (
        "big.in1k",
        Protocol.NATIVE,
        Metric.TOP1,
        0.90056,
    )
    assert (first.shots, first.train_size, first.source) == (None, None, SOURCE)
    assert {run.dataset: run.test_size for run in runs}["imagenet-real"] == 46_837


def test_percent_keeps_its_digits() -> None:
    assert fraction("90.056") == 0.90056


def test_a_missing_table_is_named(folder: Path) -> None:
    (folder / "results-sketch.csv").unlink()
    with pytest.raises(RawDataError, match=r"results-sketch\.csv' is needed"):
        read_timm_results(folder)

from pathlib import Path

import pytest

from zoograph.data.collections.public.clip_benchmark import SOURCE, read_clip_benchmark
from zoograph.data.records.records import Protocol


@pytest.fixture
def folder(write, open_clip_folder: Path) -> Path:
    return write(
        "linear_probe_best.csv",
        "model,pretrained,dataset,fewshot_k,best_lp_acc1,grid_points",
        "ViT-B-32,laion2b_s34b_b79k,vtab/cifar10,-1,0.95,9",
        "ViT-B-32,laion2b_s34b_b79k,vtab/cifar10,10,0.75,9",
        "ViT-X,own,vtab/dtd,25,0.5,9",
    )


def test_all_images_are_a_retrained_head_and_a_few_are_a_probe(folder: Path) -> None:
    head, ten, other = read_clip_benchmark(folder, folder).runs
    assert (head.protocol, head.shots, head.value, head.dataset) == (Protocol.HEAD, None, 0.95, "cifar10")
    assert (ten.protocol, ten.shots, ten.value) == (Protocol.PROBE, 10, 0.75)
    assert (other.model, other.dataset, other.shots) == ("open_clip/ViT-X.own", "dtd", 25)
    assert {run.source for run in (head, ten, other)} == {SOURCE}


def test_a_choice_among_settings_is_said(folder: Path) -> None:
    head = read_clip_benchmark(folder, folder).runs[0]
    assert head.hyperparameters == {"settings_tried": 9, "table_name": "vtab/cifar10"}

"""CLIP_benchmark: few images a class is a probe, all of them a head, and each value is the best of nine."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.collections.public.clip_benchmark import SOURCE, read_clip_benchmark
from zoograph.data.errors import RawDataError, UnknownName
from zoograph.data.records.records import Protocol

RUNS = """model,pretrained,dataset,fewshot_k,best_lp_acc1,grid_points
ViT-B-16,laion400m_e32,vtab/cifar100,-1,0.8407,9
ViT-B-16,laion400m_e32,vtab/cifar100,10,0.7196,9
ViT-B-16,laion400m_e32,cifar100,25,0.7721,9
ViT-X,mine,vtab/pets,10,0.5,4
"""
TO_TIMM = "name,pretrained,timm_name\nViT-B-16,laion400m_e32,vit_base_patch16_clip_224.laion400m_e32\n"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "linear_probe_best.csv").write_text(RUNS)
    (tmp_path / "openclip_to_timm.csv").write_text(TO_TIMM)
    (tmp_path / "model_profile.csv").write_text("model,image_size,embed_dim,image_mparams,image_gflops\n")
    return tmp_path, tmp_path


def test_shots_make_a_probe_and_all_images_a_head(folders: tuple[Path, Path]) -> None:
    collection = read_clip_benchmark(*folders)
    runs = [run for run in collection.runs if run.dataset == "cifar100"]
    assert [(run.protocol, run.shots, run.value) for run in runs] == [
        (Protocol.HEAD, None, 0.8407),
        (Protocol.PROBE, 10, 0.7196),
        (Protocol.PROBE, 25, 0.7721),
    ]
    assert {run.model for run in runs} == {"vit_base_patch16_clip_224.laion400m_e32"}
    assert {run.source for run in collection.runs} == {SOURCE}


def test_a_run_says_of_how_many_settings_it_is_the_best(folders: tuple[Path, Path]) -> None:
    first, _, third, last = read_clip_benchmark(*folders).runs
    assert first.hyperparameters == {"settings_tried": 9, "table_name": "vtab/cifar100"}
    assert third.hyperparameters["table_name"] == "cifar100"
    assert (last.model, last.hyperparameters["settings_tried"]) == ("open_clip/ViT-X.mine", 4)


def test_only_a_tower_that_timm_lacks_gets_a_card(folders: tuple[Path, Path]) -> None:
    assert [card.id for card in read_clip_benchmark(*folders).models] == ["open_clip/ViT-X.mine"]


@pytest.mark.parametrize(
    ("old", "new", "kind", "message"),
    [
        ("vtab/pets", "vtab/cats", UnknownName, "Unknown dataset 'vtab/cats'"),
        ("0.5,", "50,", RawDataError, r"'value' at .*line 5"),
        ("fewshot_k", "shots", RawDataError, "needs a column 'fewshot_k'"),
    ],
)
def test_a_bad_table_is_refused(
    folders: tuple[Path, Path], old: str, new: str, kind: type[Exception], message: str
) -> None:
    (folders[0] / "linear_probe_best.csv").write_text(RUNS.replace(old, new, 1))
    with pytest.raises(kind, match=message):
        read_clip_benchmark(*folders)

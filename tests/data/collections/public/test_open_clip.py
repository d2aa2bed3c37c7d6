"""OpenCLIP: one metric a task, tasks without classes, weights under two names, and towers that timm lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.collections.public.open_clip import SOURCE, read_open_clip, read_towers, tower_cards, tower_id
from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.errors import RawDataError, UnknownName
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Metric, Protocol

HEADER = "name,pretrained,params (M),FLOPs (B),Average perf. on 38 datasets"
RESULTS = f"""{HEADER},CIFAR-10,Oxford-IIIT Pet,FMoW,iWildCam,Flickr
ViT-B-32,openai,151.3,14.8,0.5,0.8983,0.85,0.2,0.1,0.7
ViT-B-32-quickgelu,openai,151.3,14.8,0.5,0.8983,0.85,0.2,0.1,0.7
RN50,mine,102.0,18.2,0.4,0.7,,0.1,0.05,0.6
"""
TO_TIMM = """name,pretrained,timm_name
ViT-B-32,openai,vit_base_patch32_clip_224.openai
ViT-B-32-quickgelu,openai,
RN50,mine,
"""
PROFILE = """model,image_size,embed_dim,image_mparams,image_gflops
ViT-B-32,224,512,87.85,8.82
RN50,224,1024,38.32,12.22
"""
TIMM = "vit_base_patch32_clip_224.openai"


def write(folder: Path, results: str = RESULTS) -> Path:
    for name, text in (
        ("openclip_results.csv", results),
        ("openclip_to_timm.csv", TO_TIMM),
        ("model_profile.csv", PROFILE),
    ):
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def toy(tmp_path: Path) -> Collection:
    return read_open_clip(write(tmp_path))


def test_each_task_is_in_its_own_metric_and_all_are_zero_shot(toy: Collection) -> None:
    runs = {(run.model, run.dataset): run for run in toy.runs}
    metrics = {dataset: run.metric for (model, dataset), run in runs.items() if model == TIMM}
    assert metrics == {
        "cifar10": Metric.TOP1,
        "pets": Metric.MEAN_PER_CLASS,
        "fmow": Metric.WORST_GROUP,
        "iwildcam": Metric.F1,
    }
    assert {(run.protocol, run.shots, run.source) for run in toy.runs} == {(Protocol.ZERO_SHOT, None, SOURCE)}
    assert (runs[TIMM, "cifar10"].value, runs[TIMM, "cifar10"].test_size) == (0.8983, 10_000)


def test_retrieval_and_the_mean_over_tasks_are_no_runs_and_an_empty_cell_is_none(toy: Collection) -> None:
    assert len(toy.runs) == 4 + 3  # Flickr, the average and the empty cell of RN50 are missing


def test_weights_that_stand_twice_are_one_node_and_counted_once(toy: Collection) -> None:
    assert {run.model for run in toy.runs} == {TIMM, "open_clip/RN50.mine"}


def test_a_tower_that_timm_lacks_has_a_card_with_the_figures_of_its_images(toy: Collection) -> None:
    (card,) = toy.models
    assert (card.id, card.aliases, card.architecture) == ("open_clip/RN50.mine", ("RN50/mine",), "RN50")
    assert (card.parameters, card.gmacs, card.input_size, card.num_features) == (38_320_000, 6.11, 224, 1024)
    assert (card.objective, card.modalities) == ("image_text", ("image",))


def test_a_tower_says_its_family_its_corpora_and_the_network_of_timm_that_it_is(tmp_path: Path) -> None:
    tags = ("commonpool_s_clip_s13m_b4k", "mscoco_finetuned_laion2b_s13b_b90k", "frozen_laion5b_s13b_b90k", "v1")
    cards = tower_cards(write(tmp_path), {("ViT-B-32", tag) for tag in tags} | {("coca_ViT-B-32", tags[0])})
    assert {card.id.partition(".")[2]: card.corpora for card in cards} == {
        "commonpool_s_clip_s13m_b4k": ("commonpool-s",),
        "mscoco_finetuned_laion2b_s13b_b90k": ("laion-2b", "coco-captions"),
        "frozen_laion5b_s13b_b90k": ("laion-5b",),
        "v1": (),
    }
    assert {card.family for card in cards} == {"vit"}
    networks = {card.architecture: card.timm_name for card in cards}
    assert networks == {"ViT-B-32": "vit_base_patch32_clip_224", "coca_ViT-B-32": None}


def test_shipped_towers_of_open_clip_say_what_they_saw() -> None:
    towers = [card for card in read_tables(shipped_zoo()).models if card.id.startswith("open_clip/")]
    assert len(towers) == 54
    assert {card.family for card in towers} == {"vit", "resnet", "convnext"}
    assert sum(not card.corpora for card in towers) == 4  # NLLB-CLIP's tags name no corpus
    assert sum(card.timm_name is None for card in towers) == 19


def test_a_model_without_figures_still_has_a_card(tmp_path: Path) -> None:
    (card,) = tower_cards(write(tmp_path), {("ViT-Z", "mine"), ("ViT-B-32", "openai")})
    assert (card.id, card.parameters, card.gmacs) == ("open_clip/ViT-Z.mine", None, None)


def test_pairs_that_the_mapping_leaves_out_are_known(tmp_path: Path) -> None:
    towers = read_towers(write(tmp_path))
    assert tower_id("ViT-B-32-quickgelu", "openai", towers) == TIMM
    name = tower_id("ViT-B-32-quickgelu", "laion400m_e32", towers)
    assert name == "vit_base_patch32_clip_quickgelu_224.laion400m_e32"


@pytest.mark.parametrize(
    ("old", "new", "kind", "message"),
    [
        ("0.8983", "89.83", RawDataError, r"'value' at .*openclip_results\.csv', line 2"),
        ("CIFAR-10", "CIFAR-11", UnknownName, "Unknown dataset 'CIFAR-11'"),
        ("CIFAR-10", "cifar10", UnknownName, "Unknown task 'cifar10'. Nearest names: CIFAR-10"),
        ("name,pretrained", "name,trained", RawDataError, "needs a column 'pretrained'"),
    ],
)
def test_a_bad_table_is_refused(tmp_path: Path, old: str, new: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        read_open_clip(write(tmp_path, RESULTS.replace(old, new, 1)))

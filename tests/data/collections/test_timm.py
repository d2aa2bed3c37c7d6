"""timm's weights as a collection: every card, its accuracies, and the corpora behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.collections.tables import read_tables, shipped_zoo, write_tables
from zoograph.data.collections.timm import read_accuracies, read_timm
from zoograph.data.errors import RawDataError
from zoograph.data.networks.registry.timm_names import published_weights
from zoograph.data.records.collection import Collection
from zoograph.data.records.pretraining import ImagenetAccuracy, LineageKind

HEADER = "model,img_size,top1,top1_err,top5,top5_err,param_count,crop_pct,interpolation"
FILES = {
    "results-imagenet.csv": "81.215",
    "results-imagenet-real.csv": "86.5",
    "results-imagenetv2-matched-frequency.csv": "69.66",
    "results-imagenet-a.csv": "9.1",
    "results-imagenet-r.csv": "38.2",
    "results-sketch.csv": "26.1",
}


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    (tmp_path / "timm").mkdir()
    for name, top1 in FILES.items():
        rows = (
            f"resnet50.a1_in1k,224,{top1},1,90,10,25.56,0.95,bicubic",
            "resnet50.a1_in1k,288,50.0,1,90,10,25.56,1.0,bicubic",
            'eva_giant_patch14_560.m30m_ft_in22k_in1k,560,20,80,90,10,"1,014.45",1.0,bicubic',
        )
        (tmp_path / "timm" / name).write_text("\n".join((HEADER, *rows, "")))
    return tmp_path


@pytest.fixture(scope="module")
def collection() -> Collection:
    return read_timm()


def test_every_weight_has_a_card_and_every_corpus_too(collection: Collection) -> None:
    cards = {card.id: card for card in collection.models}
    assert published_weights() <= cards.keys()
    assert len(cards.keys() - published_weights()) == 10
    assert {card.source for card in collection.models} == {"timm", "torchvision"}
    corpora = {corpus for card in collection.models for corpus in card.corpora}
    of_open_clip = {"laion-5b", "coco-captions", *(f"datacomp-{scale}" for scale in "sml")}
    of_open_clip |= {f"commonpool-{scale}" for scale in ("s", "m", "l", "xl")}
    assert corpora | of_open_clip == {card.id for card in collection.datasets}
    assert not corpora & of_open_clip
    assert all(card.pretrained_on in (None, card.corpora[-1]) for card in cards.values() if card.corpora)


def test_lineage_stays_within_the_collection(collection: Collection) -> None:
    cards = {card.id: card for card in collection.models}
    steps = [(card, step) for card in collection.models for step in card.derived_from]
    assert len(steps) > 380
    for card, step in steps:
        assert step.model in cards
        if step.kind is LineageKind.SAME_ARCHITECTURE:
            assert cards[step.model].timm_name == card.timm_name


def test_a_name_is_one_node(collection: Collection) -> None:
    owner: dict[str, str] = {}
    for card in collection.models:
        for name in (card.id, *card.aliases):
            assert owner.setdefault(name, card.id) == card.id
    assert owner["resnet50"] == "resnet50.a1_in1k"
    assert owner["facebook/dinov2-base"] == "vit_base_patch14_dinov2.lvd142m"
    assert owner["ViT-L-14/openai"] == "vit_large_patch14_clip_224.openai"


def test_cards_survive_the_tables_and_are_those_that_ship(collection: Collection, tmp_path: Path) -> None:
    write_tables(collection, tmp_path)
    assert (tmp_path / "models.csv").stat().st_size < 1_500_000
    assert set(read_tables(tmp_path).models) == set(collection.models)
    shipped = {card.id: card for card in read_tables(shipped_zoo()).models}
    # What is known from results and other collections comes on top.
    added = {"imagenet", "imagenet_top1", "modalities", "source", "licence", "released", "aliases"}
    for card in collection.models:
        assert shipped[card.id].model_dump(exclude=added) == card.model_dump(exclude=added)
        assert set(card.aliases) <= set(shipped[card.id].aliases)


def test_accuracies_are_fractions_at_the_size_of_the_input(raw: Path) -> None:
    cards = {card.id: card for card in read_timm(raw).models}
    assert cards["resnet50.a1_in1k"].imagenet == ImagenetAccuracy(
        image_size=224, imagenet=0.81215, real=0.865, v2=0.6966, a=0.091, r=0.382, sketch=0.261
    )
    assert cards["resnet50.a1_in1k"].imagenet_top1 == 0.81215
    assert cards["resnet50.tv_in1k"].imagenet is None
    assert cards["resnet50.tv_in1k"].imagenet_top1 is None


def test_both_sizes_are_read(raw: Path) -> None:
    found = read_accuracies(raw / "timm")["resnet50.a1_in1k"]
    assert found.keys() == {224, 288}
    assert found[288].sketch == 0.5


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("224,81.215", "224,812.15", r"line 2, needs an image size and a percentage \(got '224' and '812.15'\)"),
        ("224,81.215", "224,n/a", r"line 2, needs .*got '224' and 'n/a'"),
        ("224,81.215", "small,81.215", r"line 2, needs .*got 'small'"),
        ("resnet50.a1_in1k,224", "resnet50.zz_in1k,224", r"weights that the installed timm knows \(got 'resnet50.zz"),
        ("top1,", "top,", "needs a column 'top1'"),
    ],
)
def test_a_bad_table_is_refused(raw: Path, old: str, new: str, message: str) -> None:
    path = raw / "timm" / "results-imagenet.csv"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(RawDataError, match=message):
        read_timm(raw)


def test_a_missing_table_is_named(raw: Path) -> None:
    (raw / "timm" / "results-sketch.csv").unlink()
    with pytest.raises(RawDataError, match=r"results-sketch\.csv' is needed"):
        read_timm(raw)

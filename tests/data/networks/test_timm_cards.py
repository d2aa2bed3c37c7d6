from __future__ import annotations

import socket
from typing import Any

import pytest

from zoograph.data.networks import timm_cards
from zoograph.data.networks.registry.architecture_table import read_architecture_table
from zoograph.data.networks.registry.timm_names import published_weights
from zoograph.data.networks.timm_cards import get_family, get_size_class, make_card, model_card_from_timm
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import Lineage, LineageKind, Objective


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("timm cards are made without a network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


# Where torchvision offers the same network, its documentation prints the same multiply-accumulates.
@pytest.mark.parametrize(
    ("name", "family", "parameters", "gmacs", "input_size", "num_features"),
    [
        ("convnext_tiny", "convnext", 28_589_128, 4.46, 224, 768),
        ("densenet121", "densenet", 7_978_856, 2.83, 224, 1024),
        ("efficientnet_b0", "efficientnet", 5_288_548, 0.39, 224, 1280),
        ("mobilenetv2_100", "mobilenet", 3_504_872, 0.30, 224, 1280),
        ("mobilenetv3_large_100", "mobilenet", 5_483_032, 0.22, 224, 1280),
        ("resnet50", "resnet", 25_557_032, 4.09, 224, 2048),
        ("wide_resnet50_2", "resnet", 68_883_240, 11.40, 224, 2048),
        ("vit_base_patch16_224", "vit", 86_567_656, 17.56, 224, 768),
        ("vit_base_patch16_384", "vit", 86_859_496, 55.48, 384, 768),
        ("swin_tiny_patch4_window7_224", "swin", 28_288_354, 4.49, 224, 768),
        ("beit_base_patch16_224", "beit", 86_530_984, 17.56, 224, 768),
        ("deit_base_patch16_224", "deit", 86_567_656, 17.56, 224, 768),
        ("pit_b_224", "pit", 73_764_840, 12.40, 224, 1024),
    ],
)
def test_known_facts(name: str, family: str, parameters: int, gmacs: float, input_size: int, num_features: int) -> None:
    card = model_card_from_timm(name)
    assert card is not None
    assert (card.id.partition(".")[0], card.timm_name, card.family) == (name, name, family)
    assert (card.parameters, card.input_size, card.num_features) == (parameters, input_size, num_features)
    assert card.gmacs == pytest.approx(gmacs, abs=0.006)
    assert card.imagenet_top1 is None


def test_a_name_without_a_tag_means_the_default_weights() -> None:
    import timm

    card = model_card_from_timm("resnet50")
    assert card is not None
    tag = timm.get_pretrained_cfg("resnet50").tag
    assert (card.id, card.aliases) == (f"resnet50.{tag}", ("resnet50", f"timm/resnet50.{tag}"))
    assert card.source == f"timm {timm.__version__}"
    assert card.pretrained_on == "imagenet"
    assert model_card_from_timm(f"resnet50.{tag}") == card


def test_a_tag_decides_the_head_and_the_corpus() -> None:
    card = model_card_from_timm("vit_base_patch16_224.augreg_in21k")
    assert card is not None
    assert card.pretrained_on == "imagenet-21k"
    assert card.parameters == 86_567_656 + 769 * (21_843 - 1_000)


@pytest.mark.parametrize("prefix", ["timm/", "hf_hub:timm/", "hf-hub:timm/"])
def test_ids_of_the_hub_are_names_too(prefix: str) -> None:
    card = model_card_from_timm(f"{prefix}resnet50.tv_in1k")
    assert card == model_card_from_timm("resnet50.tv_in1k")
    assert card is not None
    assert card.aliases == ("timm/resnet50.tv_in1k", "tv_resnet50")


def test_a_deprecated_name_is_mapped_to_the_present_one() -> None:
    card = model_card_from_timm("tv_resnet50")
    assert card is not None
    assert (card.id, card.timm_name) == ("resnet50.tv_in1k", "resnet50")


def test_everything_that_the_registry_says() -> None:
    card = make_card("convnextv2_base.fcmae_ft_in22k_in1k_384")
    assert card.model_dump(exclude={"source", "gmacs", "activations", "speeds"}, exclude_defaults=True) == {
        "id": "convnextv2_base.fcmae_ft_in22k_in1k_384",
        "aliases": ("timm/convnextv2_base.fcmae_ft_in22k_in1k_384",),
        "family": "convnext",
        "timm_name": "convnextv2_base",
        "architecture": "convnextv2_base",
        "size_class": "base",
        "parameters": 88_717_800,
        "input_size": 384,
        "num_features": 1024,
        "objective": Objective.MASKED_IMAGE_MODELLING,
        "corpora": ("imagenet", "imagenet-21k", "imagenet"),
        "pretrained_on": "imagenet",
        "train_resolution": 384,
        "licence": "cc-by-nc-4.0",
        "hub_id": "timm/convnextv2_base.fcmae_ft_in22k_in1k_384",
        "paper": "arXiv:2301.00808",
        "released": "2023-01",
        "derived_from": ({"kind": LineageKind.FINE_TUNED, "model": "convnextv2_base.fcmae"},),
    }


def test_speeds_are_those_at_the_size_of_the_input() -> None:
    # timm measured ConvNeXt-T at 224, 288 and 384 pixels on the GPUs.
    speeds = {
        size: {speed.device: speed.images_per_second for speed in make_card(name).speeds}
        for size, name in ((224, "convnext_tiny.fb_in1k"), (384, "convnext_tiny.fb_in22k_ft_in1k_384"))
    }
    assert speeds[224].keys() >= {"rtx_5090_amp", "rtx_4090_amp"}
    assert speeds[224]["rtx_4090_amp"] > 2 * speeds[384]["rtx_4090_amp"]


def test_a_size_that_no_table_has_is_counted() -> None:
    # The tables of both GPUs lack it.
    card = make_card("eva02_enormous_patch14_clip_224.laion2b_plus")
    assert card.parameters == 4_350_556_928
    assert [speed.device for speed in card.speeds] == ["i7_12700h_fp32"]


def test_a_network_that_is_not_in_the_table_is_counted_on_the_fly(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {key: make_card(f"test_resnet.{tag}") for key, tag in ((True, "r160_in1k"),)}
    monkeypatch.setattr(timm_cards, "find_architecture_row", lambda *key: None)
    counted = make_card("test_resnet.r160_in1k")
    assert counted.speeds == ()
    assert counted.parameters == table[True].parameters
    for field in ("gmacs", "activations"):
        assert getattr(counted, field) == pytest.approx(getattr(table[True], field), rel=1e-5)


def test_an_architecture_without_published_weights_has_a_card_of_its_network() -> None:
    card = model_card_from_timm("convnextv2_small")
    assert card is not None
    assert (card.id, card.aliases) == ("convnextv2_small", ())
    assert (card.objective, card.corpora, card.hub_id, card.licence) == (None, (), None, None)
    assert card.parameters == 50_318_440


def test_weights_of_one_hub_repository_do_not_share_its_name() -> None:
    quick, plain = (make_card(f"vit_base_patch32_clip_{name}224.openai") for name in ("quickgelu_", ""))
    assert quick.hub_id == plain.hub_id == "timm/vit_base_patch32_clip_224.openai"
    assert "timm/vit_base_patch32_clip_224.openai" in plain.aliases
    assert "timm/vit_base_patch32_clip_224.openai" not in quick.aliases
    assert quick.derived_from == (Lineage(kind=LineageKind.SAME_WEIGHTS, model=plain.id),)


def test_every_weight_of_timm_has_a_full_card() -> None:
    cards = [make_card(name) for name in sorted(published_weights())]
    for card in cards:
        assert card.id in published_weights()
        assert card.parameters is not None
        assert card.num_features is not None
        assert card.gmacs is not None
        assert card.activations is not None
        assert card.objective is not None
        assert card.licence is None or card.licence != "unknown"
    assert sum(card.input_size is None for card in cards) == sum("sapiens2" in card.id for card in cards) == 5
    names = [name for card in cards for name in (card.id, *card.aliases)]
    assert len(names) == len(set(names))
    assert len(read_architecture_table()) < len(cards)


def test_old_cards_are_still_cards() -> None:
    card = ModelCard.model_validate({"id": "a", "source": "s", "family": "vit"})
    assert (card.modalities, card.corpora, card.derived_from, card.imagenet, card.speeds) == (
        ("image",),
        (),
        (),
        None,
        (),
    )


@pytest.mark.parametrize("name", ["resnet51", "resnet50.no_such_tag", "", ".", "timm/", "*", "resnet*", "a/resnet50"])
def test_an_unknown_name_has_no_card(name: str) -> None:
    assert model_card_from_timm(name) is None


@pytest.mark.parametrize(
    ("architecture", "module", "family"),
    [
        ("mobilenetv2_100", "efficientnet", "mobilenet"),
        ("tf_mobilenetv3_large_100", "mobilenetv3", "mobilenet"),
        ("tf_efficientnetv2_s", "efficientnet", "efficientnet"),
        ("mnasnet_100", "efficientnet", "mnasnet"),
        ("swinv2_tiny_window8_256", "swin_transformer_v2", "swin"),
        ("vit_small_patch16_dinov3", "eva", "vit"),
        ("eva02_base_patch14_224", "eva", "eva"),
        ("resnetv2_50", "resnetv2", "resnet"),
        ("seresnet50", "resnet", "resnet"),
        ("beitv2_base_patch16_224", "beit", "beit"),
        ("regnety_032", "regnet", "regnet"),
    ],
)
def test_families(architecture: str, module: str, family: str) -> None:
    assert get_family(architecture, module) == family


@pytest.mark.parametrize(
    ("architecture", "word"),
    [
        ("convnext_xxlarge", "xxlarge"),
        ("vit_so400m_patch14_siglip_378", "so400m"),
        ("vit_7b_patch16_dinov3", "7b"),
        ("tiny_vit_21m_224", "tiny"),
        ("eva02_enormous_patch14_clip_224", "enormous"),
        ("vit_betwixt_patch16_reg4_gap_256", None),
        ("resnet50", None),
        ("convmixer_768_32", None),
    ],
)
def test_words_for_sizes(architecture: str, word: str | None) -> None:
    assert get_size_class(architecture) == word

from __future__ import annotations

import socket
from typing import Any

import pytest

from zoograph.data.networks.timm_cards import get_corpus, get_family, model_card_from_timm, nearest_timm_names


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
    assert (card.id, card.timm_name, card.family) == (name, name, family)
    assert (card.parameters, card.input_size, card.num_features) == (parameters, input_size, num_features)
    assert card.gmacs == pytest.approx(gmacs, abs=0.006)
    assert card.imagenet_top1 is None


def test_a_name_without_a_tag_means_the_default_weights() -> None:
    import timm

    card = model_card_from_timm("resnet50")
    assert card is not None
    tag = timm.get_pretrained_cfg("resnet50").tag
    assert card.aliases == (f"resnet50.{tag}", f"timm/resnet50.{tag}")
    assert card.source == f"timm {timm.__version__}"
    assert card.pretrained_on == "imagenet"


def test_a_tag_decides_the_head_and_the_corpus() -> None:
    card = model_card_from_timm("vit_base_patch16_224.augreg_in21k")
    assert card is not None
    assert card.pretrained_on == "imagenet-21k"
    assert card.parameters == 86_567_656 + 769 * (21_843 - 1_000)


def test_the_hub_id_is_a_name_too() -> None:
    card, plain = model_card_from_timm("timm/resnet50.a1_in1k"), model_card_from_timm("resnet50.a1_in1k")
    assert card is not None
    assert plain is not None
    assert (card.id, card.aliases) == ("timm/resnet50.a1_in1k", ("resnet50.a1_in1k",))
    assert card.parameters == plain.parameters


def test_a_deprecated_name_is_mapped_to_the_present_one() -> None:
    card = model_card_from_timm("tv_resnet50")
    assert card is not None
    assert (card.id, card.timm_name, card.aliases[0]) == ("tv_resnet50", "resnet50", "resnet50.tv_in1k")


@pytest.mark.parametrize("name", ["resnet51", "resnet50.no_such_tag", "", ".", "timm/", "*", "resnet*", "a/resnet50"])
def test_an_unknown_name_has_no_card(name: str) -> None:
    assert model_card_from_timm(name) is None


def test_nearest_names() -> None:
    assert nearest_timm_names("convnext_tny")[0] == "convnext_tiny"
    assert nearest_timm_names("timm/ResNet-50.a1_in1k", n=2)[0] == "resnet50"
    assert len(nearest_timm_names("qqqq")) == 5


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
    ("tag", "corpus"),
    [
        ("in1k", "imagenet"),
        ("a1_in1k", "imagenet"),
        ("fb_in22k_ft_in1k", "imagenet"),
        ("fb_in22k_ft_in1k_384", "imagenet"),
        ("in22k_ft_in22k_in1k", "imagenet"),
        ("mim_in22k_ft_in22k", "imagenet-21k"),
        ("augreg_in21k", "imagenet-21k"),
        ("ms_in22k", "imagenet-21k"),
        ("sw_in12k", None),
        ("mim_in22k", None),
        ("in1k_ijepa", None),
        ("laion2b_ft_in12k", None),
        ("openai", None),
        ("mae", None),
        ("", None),
    ],
)
def test_corpora(tag: str, corpus: str | None) -> None:
    assert get_corpus(tag) == corpus

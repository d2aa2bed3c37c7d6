"""The grammar of tags: hand-checked weights, and every weight that timm knows."""

from __future__ import annotations

import pytest

from zoograph.data.networks.registry.corpora import CORPORA
from zoograph.data.networks.registry.timm_names import published_weights
from zoograph.data.networks.registry.timm_tags import Pretraining, parse_tag, take_corpora
from zoograph.data.records.pretraining import Objective as O

IN1K, IN12K, IN21K, P = "imagenet", "imagenet-12k", "imagenet-21k", "imagenet-21k-p"


@pytest.mark.parametrize(
    ("tag", "corpora", "rest"),
    [
        ("commonpool_xl_laion_s13b_b90k", ("commonpool-xl",), ["laion", "s13b", "b90k"]),
        ("datacomp_m_s128m_b4k", ("datacomp-m",), ["s128m", "b4k"]),
        ("datacomp_xl_s13b_b90k", ("datacomp-1b",), ["s13b", "b90k"]),
        ("laion400m_e31", ("laion-400m",), ["e31"]),
        ("v1", (), ["v1"]),
    ],
)
def test_tags_of_open_clip_name_corpora_as_timms_do(tag: str, corpora: tuple[str, ...], rest: list[str]) -> None:
    assert take_corpora(tag.split("_")) == (corpora, rest)


def _parse(name: str) -> Pretraining:
    architecture, _, tag = name.partition(".")
    return parse_tag(architecture, tag)


# Checked by hand against the papers, timm's code and the weights' cards on the hub.
CHECKED = {
    "resnet50.a1_in1k": (O.SUPERVISED, (IN1K,)),
    "resnet50.tv2_in1k": (O.SUPERVISED, (IN1K,)),
    "resnet18.gluon_in1k": (O.SUPERVISED, (IN1K,)),
    "resnet50.fb_ssl_yfcc100m_ft_in1k": (O.SEMI_SUPERVISED, ("yfcc100m", IN1K)),
    "resnet50.fb_swsl_ig1b_ft_in1k": (O.SEMI_SUPERVISED, ("ig-1b-targeted", IN1K)),
    "resnext101_32x8d.fb_wsl_ig1b_ft_in1k": (O.WEAKLY_SUPERVISED, ("ig-1b-targeted", IN1K)),
    "resnet50.bamboo": (O.SUPERVISED, ("bamboo",)),
    "resnet50_clip.openai": (O.IMAGE_TEXT, ("wit-400m",)),
    "resnet50_clip_gap.cc12m": (O.IMAGE_TEXT, ("cc12m",)),
    "resnetv2_50x1_bit.goog_in21k": (O.SUPERVISED, (IN21K,)),
    "resnetv2_50x1_bit.goog_distilled_in1k": (O.DISTILLED, (IN1K,)),
    "resnetv2_152x2_bit.goog_teacher_in21k_ft_in1k_384": (O.SUPERVISED, (IN21K, IN1K)),
    "resnet18d.ra4_e3600_r224_in1k": (O.SUPERVISED, (IN1K,)),
    "regnety_160.swag_ft_in1k": (O.WEAKLY_SUPERVISED, ("ig-3.6b", IN1K)),
    "regnety_320.seer": (O.SELF_SUPERVISED, ("ig-1b-random",)),
    "regnety_320.seer_ft_in1k": (O.SELF_SUPERVISED, ("ig-1b-random", IN1K)),
    "regnety_160.lion_in12k_ft_in1k": (O.SUPERVISED, (IN12K, IN1K)),
    "regnety_160.deit_in1k": (O.SUPERVISED, (IN1K,)),
    "tf_efficientnet_b0.ns_jft_in1k": (O.SEMI_SUPERVISED, ("jft-300m", IN1K)),
    "tf_efficientnet_b0.ap_in1k": (O.SUPERVISED, (IN1K,)),
    "efficientnet_b5.sw_in12k_ft_in1k": (O.SUPERVISED, (IN12K, IN1K)),
    "mobilenetv3_large_100.miil_in21k_ft_in1k": (O.SUPERVISED, (P, IN1K)),
    "edgenext_base.in21k_ft_in1k": (O.SUPERVISED, (P, IN1K)),
    "edgenext_base.usi_in1k": (O.DISTILLED, (IN1K,)),
    "repvit_m1_5.dist_450e_in1k": (O.DISTILLED, (IN1K,)),
    "ghostnetv3_100.in1k": (O.DISTILLED, (IN1K,)),
    "ghostnetv2_100.in1k": (O.SUPERVISED, (IN1K,)),
    "efficientformer_l1.snap_dist_in1k": (O.DISTILLED, (IN1K,)),
    "fastvit_t8.apple_dist_in1k": (O.DISTILLED, (IN1K,)),
    "fastvit_mci0.apple_mclip": (O.IMAGE_TEXT, ("datacompdr-1b",)),
    "fastvit_mci4.apple_mclip2_dfndr2b": (O.IMAGE_TEXT, ("dfndr-2b",)),
    "hgnetv2_b0.ssld_stage1_in22k_in1k": (O.DISTILLED, (IN21K, IN1K)),
    "hgnetv2_b0.ssld_stage2_ft_in1k": (O.DISTILLED, (IN21K, IN1K, IN1K)),
    "nextvit_base.bd_ssld_6m_in1k_384": (O.DISTILLED, ("imagenet-6m", IN1K)),
    "hrnet_w18_ssld.paddle_in1k": (O.DISTILLED, (IN1K,)),
    "convnext_tiny.fb_in22k_ft_in1k_384": (O.SUPERVISED, (IN21K, IN1K)),
    "convnext_base.clip_laion2b_augreg_ft_in12k_in1k_384": (O.IMAGE_TEXT, ("laion-2b", IN12K, IN1K)),
    "convnext_base.clip_laiona_320": (O.IMAGE_TEXT, ("laion-aesthetic",)),
    "convnext_tiny.dinov3_lvd1689m": (O.SELF_SUPERVISED, ("lvd-1689m",)),
    "convnext_tiny.eupe_lvd1689m": (O.DISTILLED, ("lvd-1689m",)),
    "convnextv2_base.fcmae": (O.MASKED_IMAGE_MODELLING, (IN1K,)),
    "convnextv2_base.fcmae_ft_in22k_in1k_384": (O.MASKED_IMAGE_MODELLING, (IN1K, IN21K, IN1K)),
    "deit_base_patch16_224.fb_in1k": (O.SUPERVISED, (IN1K,)),
    "deit_base_distilled_patch16_224.fb_in1k": (O.DISTILLED, (IN1K,)),
    "deit3_base_patch16_224.fb_in22k_ft_in1k": (O.SUPERVISED, (IN21K, IN1K)),
    "cait_s24_224.fb_dist_in1k": (O.DISTILLED, (IN1K,)),
    "resmlp_12_224.fb_dino": (O.SELF_SUPERVISED, (IN1K,)),
    "tiny_vit_21m_384.dist_in22k_ft_in1k": (O.DISTILLED, (IN21K, IN1K)),
    "vit_base_patch16_224.augreg_in21k_ft_in1k": (O.SUPERVISED, (IN21K, IN1K)),
    "vit_base_patch16_224.sam_in1k": (O.SUPERVISED, (IN1K,)),
    "vit_base_patch16_224.mae": (O.MASKED_IMAGE_MODELLING, (IN1K,)),
    "vit_base_patch16_224.dino": (O.SELF_SUPERVISED, (IN1K,)),
    "vit_base_patch16_224_miil.in21k": (O.SUPERVISED, (P,)),
    "vit_huge_patch14_gap_224.in22k_ijepa": (O.SELF_SUPERVISED, (IN21K,)),
    "vit_base_patch14_dinov2.lvd142m": (O.SELF_SUPERVISED, ("lvd-142m",)),
    "vit_7b_patch16_dinov3.sat493m": (O.SELF_SUPERVISED, ("sat-493m",)),
    "vit_base_patch16_radio_v3.c_radio": (O.DISTILLED, ("nv-cc-img-text",)),
    "vit_large_patch14_clip_336.laion2b_ft_in12k_in1k": (O.IMAGE_TEXT, ("laion-2b", IN12K, IN1K)),
    "vit_base_patch32_clip_448.laion2b_ft_in12k_in1k": (O.IMAGE_TEXT, ("laion-2b", IN12K, IN1K)),
    "vit_huge_patch14_clip_378.dfn5b": (O.IMAGE_TEXT, ("dfn-5b",)),
    "vit_base_patch16_clip_224.metaclip_2pt5b": (O.IMAGE_TEXT, ("metaclip-2.5b",)),
    "vit_medium_patch16_clip_224.tinyclip_yfcc15m": (O.IMAGE_TEXT, ("yfcc15m",)),
    "vit_base_patch16_siglip_512.v2_webli": (O.IMAGE_TEXT, ("webli",)),
    "vit_so400m_patch14_siglip_378.webli_ft_in1k": (O.IMAGE_TEXT, ("webli", IN1K)),
    "vit_so400m_patch14_siglip_gap_448.pali_mix": (
        O.VISION_LANGUAGE,
        ("webli", "paligemma-mixture", "paligemma-mix"),
    ),
    "vit_pe_core_base_patch16_224.fb": (O.IMAGE_TEXT, ("pe-5.4b",)),
    "vit_base_patch16_sapiens2.fb": (O.SELF_SUPERVISED, ("humans-1b",)),
    "vit_intern300m_patch14_448.ogvl_dist": (O.DISTILLED, ("internvl-mixture",)),
    "vitamin_base_224.datacomp1b_clip_ltt": (O.IMAGE_TEXT, ("datacomp-1b",)),
    "aimv2_large_patch14_224.apple_pt": (O.IMAGE_TEXT, ("aimv2-mixture",)),
    "beit_base_patch16_384.in22k_ft_in22k_in1k": (O.MASKED_IMAGE_MODELLING, (IN21K, IN21K, IN1K)),
    "beitv2_base_patch16_224.in1k_ft_in1k": (O.MASKED_IMAGE_MODELLING, (IN1K, IN1K)),
    "eva02_base_patch14_448.mim_in22k_ft_in1k": (O.MASKED_IMAGE_MODELLING, (IN21K, IN1K)),
    "eva_giant_patch14_336.m30m_ft_in22k_in1k": (O.MASKED_IMAGE_MODELLING, ("merged-30m", IN21K, IN1K)),
    "eva_giant_patch14_336.clip_ft_in1k": (O.IMAGE_TEXT, ("laion-400m", IN1K)),
    "eva_large_patch14_196.in22k_ft_in1k": (O.MASKED_IMAGE_MODELLING, (IN21K, IN1K)),
    "eva02_enormous_patch14_clip_224.laion2b_plus": (O.IMAGE_TEXT, ("laion-2b",)),
    "hiera_base_224.mae_in1k_ft_in1k": (O.MASKED_IMAGE_MODELLING, (IN1K, IN1K)),
    "hiera_small_abswin_256.sbb2_pd_e200_in12k_ft_in1k": (O.SUPERVISED, (IN12K, IN1K)),
    "samvit_base_patch16.sa1b": (O.SEGMENTATION, ("sa-1b",)),
    "sam2_hiera_large.fb_r1024_2pt1": (O.SEGMENTATION, ("sa-1b", "sa-v")),
    "flexivit_base.1200ep_in1k": (O.DISTILLED, (IN1K,)),
    "naflexvit_base_patch16_gap.e300_s576_in1k": (O.SUPERVISED, (IN1K,)),
    "mobilenetv4_conv_aa_large.e230_r448_in12k_ft_in1k": (O.SUPERVISED, (IN12K, IN1K)),
    "mvitv2_base_cls.fb_inw21k": (O.SUPERVISED, ("imagenet-w21k",)),
    "davit_base_fl.msft_florence2": (O.VISION_LANGUAGE, ("fld-5b",)),
    "qwen3_vit_306m.qwen3_vl_4b": (O.VISION_LANGUAGE, ("webli", "qwen3-vl-mixture")),
}


@pytest.mark.parametrize("name", CHECKED)
def test_weights_that_were_checked_by_hand(name: str) -> None:
    assert name in published_weights()
    origin = _parse(name)
    assert (origin.objective, origin.corpora) == CHECKED[name]


# What their authors do not publish: 36 of 1,826 weights, 2.0 %.
UNKNOWN_CORPORA = {
    "qwen3_5": "no report says what the eyes of Qwen3.5 were trained on",
    "qwen3_8": "no report says what the eyes of Qwen3.8 were trained on",
    "deepseek": "the reports of DeepSeek-V4 do not say what their eye was trained on",
    "gemma4": "the report of Gemma 4 does not name the images",
    "gemma3n": "there is no report of Gemma 3n that names the images",
    "robbyant": "LingBot-Vision's card and timm name no corpus",
}


def test_every_weight_of_timm_is_understood() -> None:
    unknown = []
    for name in sorted(published_weights()):
        origin = _parse(name)
        assert set(origin.corpora) <= CORPORA.keys()
        assert origin.objective is not None, name
        if not origin.corpora:
            tag = name.partition(".")[2]
            assert any(tag.startswith(word) for word in UNKNOWN_CORPORA), name
            unknown.append(name)
    assert len(unknown) <= 0.02 * len(published_weights())
    tags = {name.partition(".")[2] for name in unknown}
    assert {word for word in UNKNOWN_CORPORA if any(tag.startswith(word) for tag in tags)} == UNKNOWN_CORPORA.keys()


def test_corpora_fit_the_heads_of_the_weights() -> None:
    # Where timm keeps a head, its classes are those of the last corpus; Google's release has two classes more.
    import timm

    classes = {IN1K: {1000}, IN12K: {11_821}, IN21K: {21_841, 21_842, 21_843}, P: {11_221}, "imagenet-w21k": {19_168}}
    checked = 0
    for name in published_weights():
        labels, head = _parse(name).labels, timm.get_pretrained_cfg(name).num_classes
        if labels in classes and head:
            assert head in classes[labels], name
            checked += 1
        elif head in (1000, 11_821, 21_841, 21_843):
            assert name.endswith("fb_dino"), name  # a head fitted to features that were learnt without labels
    assert checked > 1_400


@pytest.mark.parametrize(
    ("name", "resolution", "group", "recipe"),
    [
        ("convnext_base.fb_in22k_ft_in1k_384", 384, "fb", None),
        ("swinv2_base_window12_192.ms_in22k", None, "ms", None),
        ("resnet50.ra4_e3600_r224_in1k", 224, None, "ra4_e3600"),
        ("sam2_hiera_large.fb_r1024_2pt1", 1024, "fb", "2pt1"),
        ("vit_base_patch16_clip_224.metaclip_400m", None, None, None),
        ("mambaout_base_plus_rw.sw_e150_r384_in12k_ft_in1k", 384, None, "sw_e150"),
        ("naflexvit_base_patch16_gap.e300_s576_in1k", None, None, "e300_s576"),
        ("tf_efficientnet_l2.ns_jft_in1k_475", 475, None, "ns"),
    ],
)
def test_resolution_group_and_recipe(name: str, resolution: int | None, group: str | None, recipe: str | None) -> None:
    origin = _parse(name)
    assert (origin.resolution, origin.group, origin.recipe) == (resolution, group, recipe)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("resnet50.a1_in1k", IN1K),
        ("vit_base_patch16_224.orig_in21k", IN21K),
        ("vit_base_patch16_224.mae", None),
        ("beitv2_base_patch16_224.in1k_ft_in1k", IN1K),
        ("vit_base_patch16_clip_224.laion2b_ft_in12k", IN12K),
        ("convnext_tiny.eupe_lvd1689m", None),
        ("resmlp_12_224.fb_dino", None),
    ],
)
def test_labels_that_were_fitted_last(name: str, labels: str | None) -> None:
    assert _parse(name).labels == labels


def test_a_word_that_nobody_knows_leaves_the_objective_unknown() -> None:
    assert parse_tag("resnet50", "mystery_in1k") == Pretraining(None, (IN1K,), recipe="mystery")
    assert parse_tag("resnet50", "mystery_in1k").labels is None
    assert parse_tag("resnet50", "mystery") == Pretraining(recipe="mystery")
    assert parse_tag("resnet50", "") == Pretraining()

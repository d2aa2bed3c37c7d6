"""Lineage: hand-checked lines, and what holds for all weights of timm."""

from __future__ import annotations

import pytest

from zoograph.data.networks.registry.timm_lineage import find_lineage
from zoograph.data.networks.registry.timm_names import published_weights
from zoograph.data.networks.registry.timm_tags import parse_tag
from zoograph.data.records.pretraining import LineageKind as K


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("vit_base_patch16_224.augreg_in21k_ft_in1k", [(K.FINE_TUNED, "vit_base_patch16_224.augreg_in21k")]),
        ("vit_base_patch16_384.augreg_in21k_ft_in1k", [(K.FINE_TUNED, "vit_base_patch16_224.augreg_in21k")]),
        ("vit_base_patch16_224.augreg2_in21k_ft_in1k", [(K.FINE_TUNED, "vit_base_patch16_224.augreg_in21k")]),
        ("swin_base_patch4_window12_384.ms_in22k_ft_in1k", [(K.FINE_TUNED, "swin_base_patch4_window12_384.ms_in22k")]),
        (
            "swinv2_base_window12to24_192to384.ms_in22k_ft_in1k",
            [(K.FINE_TUNED, "swinv2_base_window12_192.ms_in22k")],
        ),
        ("convnext_tiny.fb_in22k_ft_in1k_384", [(K.FINE_TUNED, "convnext_tiny.fb_in22k")]),
        (
            "convnext_large_mlp.clip_laion2b_soup_ft_in12k_in1k_320",
            [(K.FINE_TUNED, "convnext_large_mlp.clip_laion2b_soup_ft_in12k_320")],
        ),
        ("convnextv2_base.fcmae_ft_in22k_in1k_384", [(K.FINE_TUNED, "convnextv2_base.fcmae")]),
        (
            "vit_large_patch14_clip_336.laion2b_ft_in12k_in1k",
            [(K.FINE_TUNED, "vit_large_patch14_clip_224.laion2b_ft_in12k")],
        ),
        ("eva02_large_patch14_448.mim_m38m_ft_in1k", [(K.FINE_TUNED, "eva02_large_patch14_224.mim_m38m")]),
        (
            "mobilenetv4_conv_aa_large.e230_r448_in12k_ft_in1k",
            [(K.FINE_TUNED, "mobilenetv4_conv_aa_large.e230_r384_in12k")],
        ),
        ("rdnet_large.nv_in1k_ft_in1k_384", [(K.FINE_TUNED, "rdnet_large.nv_in1k")]),
        ("hiera_base_224.mae_in1k_ft_in1k", [(K.FINE_TUNED, "hiera_base_224.mae")]),
        ("vit_base_patch14_dinov2.lvd142m", [(K.DISTILLED, "vit_giant_patch14_dinov2.lvd142m")]),
        ("vit_giant_patch14_dinov2.lvd142m", []),
        ("flexivit_small.600ep_in1k", [(K.DISTILLED, "deit3_small_patch16_384.fb_in1k")]),
        ("deit_tiny_distilled_patch16_224.fb_in1k", [(K.DISTILLED, "regnety_160.deit_in1k")]),
        ("vit_base_patch32_clip_quickgelu_224.openai", [(K.SAME_WEIGHTS, "vit_base_patch32_clip_224.openai")]),
        ("levit_conv_128.fb_dist_in1k", [(K.SAME_WEIGHTS, "levit_128.fb_dist_in1k")]),
        (
            "vit_large_patch16_dinov3_qkvb.lvd1689m",
            [
                (K.SAME_WEIGHTS, "vit_large_patch16_dinov3.lvd1689m"),
                (K.DISTILLED, "vit_7b_patch16_dinov3.lvd1689m"),
            ],
        ),
        # Fine-tuned with its own pooling, so not the weights of the other one.
        (
            "vit_so400m_patch14_siglip_gap_378.webli_ft_in1k",
            [(K.FINE_TUNED, "vit_so400m_patch14_siglip_gap_378.webli")],
        ),
        ("resnet50.a1_in1k", []),
        ("deit3_base_patch16_224.fb_in22k_ft_in1k", []),  # what it was fine-tuned from is not published
    ],
)
def test_lines_that_were_checked_by_hand(name: str, steps: list[tuple[K, str]]) -> None:
    assert [(step.kind, step.model) for step in find_lineage(name, published_weights())] == steps


def test_lines_lead_to_published_weights_and_never_in_a_circle() -> None:
    weights = published_weights()
    parents = {name: [step.model for step in find_lineage(name, weights)] for name in weights}
    assert sum(map(bool, parents.values())) >= 380
    done: set[str] = set()
    while len(done) < len(weights):
        ready = {name for name in weights - done if set(parents[name]) <= done}
        assert ready
        done |= ready


def test_what_was_fine_tuned_began_on_the_same_corpora() -> None:
    for name in published_weights():
        corpora = parse_tag(*name.split(".", 1)).corpora
        for step in find_lineage(name, published_weights()):
            if step.kind is K.FINE_TUNED and "qwen_drive" not in name:
                base = parse_tag(*step.model.split(".", 1)).corpora
                assert base == corpora[: len(base)], name
                assert len(base) < len(corpora), name


def test_two_candidates_at_other_sizes_are_no_line() -> None:
    published = {"net_224.x_in12k", "net_256.x_in12k", "net_384.x_in12k_ft_in1k"}
    assert find_lineage("net_384.x_in12k_ft_in1k", published) == ()
    (step,) = find_lineage("net_384.x_in12k_ft_in1k", published - {"net_256.x_in12k"})
    assert step.model == "net_224.x_in12k"

"""Weights of timm whose tag alone does not say what they were trained for, or on what, and where it is stated instead.

Each rule cites its source: timm's code, the model's card on the hub, or a paper by its arXiv id. The first rule whose
expressions match the whole architecture and the whole tag counts.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from zoograph.data.networks.registry.corpora import IMAGENET, IMAGENET_21K
from zoograph.data.records.pretraining import Objective

P = "imagenet-21k-p"


class Rule(NamedTuple):
    """What is stated of some weights.

    Attributes:
        architecture: regular expression for timm's name without a tag.
        tag: regular expression for the tag.
        objective: what they were trained for; ``None`` if the tag says it.
        corpora: the chain of corpora; ``None`` if the tag says it, empty if nobody says it.
    """

    architecture: str
    tag: str
    objective: Objective | None
    corpora: tuple[str, ...] | None


RULES = (
    # Distilled students whose name says so, or whose paper is about it (2404.11202); FlexiViT on ImageNet-1k learnt
    # from DeiT III (big_vision, configs/proj/flexivit/i1k_deit3_distill.py).
    Rule(r"(deit|pit)_.*_distilled_.*|iformer_.*_distilled|efficientvim_.*_dist", r".*", Objective.DISTILLED, None),
    Rule(r"hrnet_.*_ssld|ghostnetv3_.*", r".*", Objective.DISTILLED, None),
    Rule(r"flexivit_.*", r"\d+ep_in1k", Objective.DISTILLED, None),
    Rule(r"hgnetv2_.*", r"ssld_stage2_ft_in1k", Objective.DISTILLED, (IMAGENET_21K, IMAGENET, IMAGENET)),
    # ImageNet-21K-P: 2104.10972, and the card of edgenext_base.
    Rule(r"edgenext_base|.*_miil", r"in21k_ft_in1k", Objective.SUPERVISED, (P, IMAGENET)),
    Rule(r".*", r"miil_in21k_ft_in1k", Objective.SUPERVISED, (P, IMAGENET)),
    Rule(r".*_miil", r"in21k", Objective.SUPERVISED, (P,)),
    Rule(r".*", r"miil_in21k", Objective.SUPERVISED, (P,)),
    # Masked images: 2106.08254, 2208.06366, 2208.10442, 2211.07636, 2111.06377, 2306.00989, 2301.00808.
    Rule(r"beitv?2?_.*|eva_large_.*", r"in\d+k_ft_.*", Objective.MASKED_IMAGE_MODELLING, None),
    Rule(r"beit3_.*", r"pt", Objective.MASKED_IMAGE_MODELLING, ("beit3-mixture",)),
    Rule(r"beit3_.*", r"indomain_pt", Objective.MASKED_IMAGE_MODELLING, ("beit3-mixture", "coco-visual-genome")),
    Rule(
        r"beit3_.*",
        r"in22k_ft_in1k",
        Objective.MASKED_IMAGE_MODELLING,
        ("beit3-mixture", IMAGENET_21K, IMAGENET),
    ),
    Rule(
        r"beit3_.*",
        r"indomain_in22k_ft_in1k",
        Objective.MASKED_IMAGE_MODELLING,
        ("beit3-mixture", "coco-visual-genome", IMAGENET_21K, IMAGENET),
    ),
    Rule(r"(vit|hiera)_.*", r"mae", Objective.MASKED_IMAGE_MODELLING, (IMAGENET,)),
    Rule(r"convnextv2_.*", r"fcmae", Objective.MASKED_IMAGE_MODELLING, (IMAGENET,)),
    Rule(r"convnextv2_.*", r"fcmae_ft_in1k", Objective.MASKED_IMAGE_MODELLING, (IMAGENET, IMAGENET)),
    Rule(
        r"convnextv2_.*",
        r"fcmae_ft_in22k_in1k(_\d+)?",
        Objective.MASKED_IMAGE_MODELLING,
        (IMAGENET, IMAGENET_21K, IMAGENET),
    ),
    # Without labels: 2104.14294, 2103.01988 and 2202.08360 (SEER), 2604.21681; hashtags: 2201.08371 (SWAG).
    Rule(r"(vit|resmlp)_.*", r"(fb_)?dino", Objective.SELF_SUPERVISED, (IMAGENET,)),
    Rule(r"regnety_.*", r"seer", Objective.SELF_SUPERVISED, ("ig-1b-random",)),
    Rule(r"regnety_.*", r"seer_ft_in1k", Objective.SELF_SUPERVISED, ("ig-1b-random", IMAGENET)),
    Rule(r"vit_.*_sapiens2", r"fb", Objective.SELF_SUPERVISED, ("humans-1b",)),
    Rule(r"vit_.*_lingbot", r"robbyant", Objective.SELF_SUPERVISED, ()),
    Rule(r"regnety_.*", r"swag_(ft|lc)_in1k", Objective.WEAKLY_SUPERVISED, ("ig-3.6b", IMAGENET)),
    # Several teachers: 2412.07679, 2601.17237 and the cards of C-RADIO.
    Rule(r".*_radio_v\d", r"c_radio", Objective.DISTILLED, ("nv-cc-img-text",)),
    # Images and captions: 2211.07636 (EVA-CLIP on LAION-400M), 2504.13181 (Perception Encoder), 2411.14402 (AIMv2).
    Rule(r"eva_giant_patch14_\d+", r"clip_ft_in1k", Objective.IMAGE_TEXT, ("laion-400m", IMAGENET)),
    Rule(r"vit_pe_core_.*", r"fb", Objective.IMAGE_TEXT, ("pe-5.4b",)),
    Rule(r"vit_pe_lang_.*", r"fb(_tiling)?", Objective.VISION_LANGUAGE, ("pe-5.4b",)),
    Rule(r"vit_pe_spatial_.*", r"fb", Objective.DISTILLED, ("pe-5.4b",)),
    Rule(r"aimv2_.*", r"apple_pt", Objective.IMAGE_TEXT, ("aimv2-mixture",)),
    Rule(r"aimv2_.*", r"apple_pt_dist", Objective.DISTILLED, ("aimv2-mixture",)),
    # Eyes of language models: cards of InternViT-300M, 2407.07726 and 2412.03555 (PaliGemma), 2511.21631 (Qwen3-VL
    # starts from SigLIP 2), 2311.06242 (Florence-2). What the others were trained on is not published.
    Rule(r"vit_intern300m_.*", r"ogvl_dist", Objective.DISTILLED, ("internvl-mixture",)),
    Rule(r"vit_intern300m_.*", r"ogvl_2pt5", Objective.VISION_LANGUAGE, ("internvl-mixture",)),
    Rule(r".*_siglip_.*", r"pali2?(_\d+b)?_pt", Objective.VISION_LANGUAGE, ("webli", "paligemma-mixture")),
    Rule(r".*_siglip_.*", r"pali_mix", Objective.VISION_LANGUAGE, ("webli", "paligemma-mixture", "paligemma-mix")),
    Rule(r".*_siglip_.*", r"pali_ocrvqa", Objective.VISION_LANGUAGE, ("webli", "paligemma-mixture", "ocr-vqa")),
    Rule(r".*_siglip_.*", r"pali_refcoco_seg", Objective.VISION_LANGUAGE, ("webli", "paligemma-mixture", "refcoco")),
    Rule(r".*_siglip_.*", r"pali2_\d+b_docci", Objective.VISION_LANGUAGE, ("webli", "paligemma-mixture", "docci")),
    Rule(r"davit_.*_fl", r"msft_florence2", Objective.VISION_LANGUAGE, ("fld-5b",)),
    Rule(r"qwen3_vit_.*", r"qwen3_vl_.*", Objective.VISION_LANGUAGE, ("webli", "qwen3-vl-mixture")),
    Rule(r"qwen3_vit_.*", r"qwen_drive_.*", Objective.VISION_LANGUAGE, ("qwen-drive-mixture",)),
    Rule(r"qwen3_vit_.*", r"qwen3_[58]_.*", Objective.VISION_LANGUAGE, ()),
    Rule(r"deepseek_vit_.*|gemma4_vit_.*", r"(deepseek|gemma4)_.*", Objective.VISION_LANGUAGE, ()),
    Rule(r"mobilenetv5_300m", r"gemma3n", Objective.VISION_LANGUAGE, ()),
    # Masks: 2304.02643, 2408.00714.
    Rule(r"sam2_hiera_.*", r"fb_r\d+(_2pt1)?", Objective.SEGMENTATION, ("sa-1b", "sa-v")),
)


@cache
def find_rule(architecture: str, tag: str) -> Rule | None:
    """Return the first rule for some weights; ``None`` if their tag speaks for itself."""
    for rule in RULES:
        if re.fullmatch(rule.architecture, architecture) and re.fullmatch(rule.tag, tag):
            return rule
    return None

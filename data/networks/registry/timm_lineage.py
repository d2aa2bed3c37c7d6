"""Lineage of timm's weights: which published weights others were fine-tuned, distilled or rewired from.

A line is drawn only to weights that the registry has, where names, timm's code or a paper state it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import chain

from zoograph.data.records.pretraining import Lineage, LineageKind

# Architectures that load the weights of another one: an activation or a pooling differs, a part is left out, or zero
# biases are written out (said in timm's modules eva, levit, naflexvit, byobnet, qwen3_vit, deepseek_vit, gemma4_vit).
_REWIRED = (
    (r"(.*_clip)_quickgelu(_\d+)", r"\1\2"),
    (r"(resnet\d+(?:x\d+)?_clip)_gap", r"\1"),
    (r"(.*_siglip)_gap(_\d+)", r"\1\2"),
    (r"levit_conv_(\w+)", r"levit_\1"),
    (r"(vit_(?:base|large|huge_plus)_patch16_dinov3)_qkvb", r"\1"),
    (r"(qwen3_vit_\w+)_(?:enc|merge)", r"\1"),
    (r"(deepseek_vit_\w+)_(?:enc|align)", r"\1"),
    (r"(gemma4_vit_\w+)_enc", r"\1"),
    (r"naflex(vit_\w+_radio_v\d)", r"\1"),
)
# What was fine-tuned with its own pooling is not the same weights any more.
_NOT_REWIRED = re.compile(r"eupe_.*|.*_ft_.*")

# Students and the teachers that their papers name: 2106.05237, 2012.12877 (timm's module regnet), 2304.07193,
# 2508.10104, big_vision's flexivit/i1k_deit3_distill.py, and the hub cards of LingBot-Vision.
_TEACHERS = (
    (r"resnetv2_50x1_bit\.goog_distilled_in1k", "resnetv2_152x2_bit.goog_teacher_in21k_ft_in1k"),
    (r"deit_\w+_distilled_\w+\.fb_in1k", "regnety_160.deit_in1k"),
    (r"vit_(?:small|base|large)_patch14_dinov2\.lvd142m", "vit_giant_patch14_dinov2.lvd142m"),
    (r"vit_(?!7b)\w+_dinov3(?:_qkvb)?\.(lvd1689m|sat493m)", r"vit_7b_patch16_dinov3.\1"),
    (r"convnext_\w+\.dinov3_(lvd1689m)", r"vit_7b_patch16_dinov3.\1"),
    (r"flexivit_(\w+)\.\d+ep_in1k", r"deit3_\1_patch16_384.fb_in1k"),
    (r"vit_(?!giant)\w+_patch16_lingbot\.robbyant", "vit_giant_patch16_lingbot.robbyant"),
)
# Bases that the tag spells otherwise, or that only timm's code names.
_BASES = (
    (r"(hiera_\w+)\.mae_in1k_ft_in1k", r"\1.mae"),
    (r"(vit_\w+)\.augreg2_in21k_ft_in1k", r"\1.augreg_in21k"),
    (r"(beit3_\w+)\.(indomain_)?in22k_ft_in1k", r"\1.\2pt"),
    (r"(hgnetv2_\w+)\.ssld_stage2_ft_in1k", r"\1.ssld_stage1_in22k_in1k"),
    (r"(qwen3_vit_306m\w*)\.qwen_drive_1_0_4b", r"\1.qwen3_5_4b"),
    (r"(vit_so400m_patch14_siglip_gap)_(\d+)\.pali(?:2_3b|2_10b)?_pt", r"\1_224.webli"),
    (r"(vit_so400m_patch14_siglip_gap_\d+)\.pali_(?:mix|ocrvqa|refcoco_seg)", r"\1.pali_pt"),
    (r"(vit_so400m_patch14_siglip_gap_\d+)\.pali2_(\d+b)_docci", r"\1.pali2_\2_pt"),
)
_CORPUS = re.compile(r"(?:_ft)?_in(?:1|12|21|22)k$")
_SIZE = re.compile(r"_(\d{3})$")
_RESOLUTION = re.compile(r"_?r\d{3}(?=_|$)")


def find_lineage(name: str, published: Collection[str]) -> tuple[Lineage, ...]:
    """Return what the weights ``architecture.tag`` come from, the nearest first.

    Args:
        name: timm's name, with its tag.
        published: all weights that timm has.

    >>> [step.model for step in find_lineage("a.x_in21k_ft_in1k", {"a.x_in21k", "a.x_in21k_ft_in1k"})]
    ['a.x_in21k']
    """
    architecture, _, tag = name.partition(".")
    same = [] if _NOT_REWIRED.fullmatch(tag) else _rewrite(architecture, _REWIRED)
    steps = chain(
        ((LineageKind.SAME_WEIGHTS, f"{original}.{tag}") for original in same),
        (
            (LineageKind.FINE_TUNED, base)
            for base in (*_rewrite(name, _BASES), *_find_base(architecture, tag, published))
        ),
        ((LineageKind.DISTILLED, teacher) for teacher in _rewrite(name, _TEACHERS)),
    )
    kept = {model: kind for kind, model in reversed(list(steps)) if model in published and model != name}
    return tuple(Lineage(kind=kind, model=model) for model, kind in reversed(kept.items()))


def _rewrite(name: str, table: tuple[tuple[str, str], ...]) -> list[str]:
    matches = ((re.fullmatch(pattern, name), result) for pattern, result in table)
    return [match.expand(result) for match, result in matches if match]


def _find_base(architecture: str, tag: str, published: Collection[str]) -> Iterator[str]:
    """Yield the weights before the last fine-tuning, or before an earlier one if those are not published."""
    bare, size = _SIZE.sub("", tag), _SIZE.search(tag)
    if "_ft_" not in bare:
        return
    smaller = _without_size(architecture)
    while (shorter := _CORPUS.sub("", bare)) != bare and shorter:
        bare = shorter
        tags = [f"{bare}{size.group()}" if size else bare, bare]
        for candidate in dict.fromkeys(f"{architecture}.{one}" for one in tags):
            if candidate in published:
                yield candidate
                return
        # The same network at another image size, or trained before at another one: only if there is just one.
        relatives = [
            other
            for other in published
            if _without_size(other.partition(".")[0]) == smaller
            and _RESOLUTION.sub("", other.partition(".")[2]) == _RESOLUTION.sub("", bare)
        ]
        if len(relatives) == 1:
            yield relatives[0]
            return
        if "_ft_" not in bare and not bare.endswith("_ft"):
            return


def _without_size(architecture: str) -> str:
    """Return an architecture's name without its image size, and Swin's windows as they were before fine-tuning."""
    return _SIZE.sub("", re.sub(r"window(\d+)to\d+_(\d+)to\d+$", r"window\1_\2", architecture))

"""Lineage of TransferGraph's models: which published weights the personal uploads were fine-tuned from.

An upload does not say it. Its network without the head must have exactly the parameters, the width and the input size
of a published weight of the same family among the table's own; if several fit, only a weight that all of them come
from proves anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import Lineage, LineageKind, Objective
from zoograph.data.records.published import is_upload

# Weights that were published elsewhere and uploaded again: the cards of WinKawaks say that they are timm's, and nielsr
# brought the authors' weights into the library that all these models are loaded with.
_UPLOADED_AGAIN = MappingProxyType(
    {
        "WinKawaks/vit-small-patch16-224": "vit_small_patch16_224.augreg_in21k_ft_in1k",
        "WinKawaks/vit-tiny-patch16-224": "vit_tiny_patch16_224.augreg_in21k_ft_in1k",
        "nielsr/convnext-xlarge-224-22k": "facebook/convnext-xlarge-224-22k",
        "nielsr/convnext-xlarge-224-22k-1k": "facebook/convnext-xlarge-224-22k-1k",
    }
)

# Where several published weights fit: those that all of them come from.
# * ViT-B/16: the HuggingPics notebook (nateraw/huggingpics) starts from google/vit-base-patch16-224-in21k, which timm
#   has as `orig_in21k`, and google/vit-base-patch16-224 was fine-tuned from the same. The third that fits is DeiT's,
#   which no upload's name says.
# * BEiT-B/16: the weights with ImageNet-1k's classes were fine-tuned from those with ImageNet-21k's.
_COMMON_BASES = MappingProxyType(
    {
        "vit_base_patch16_224": "vit_base_patch16_224.orig_in21k",
        "beit_base_patch16_224": "microsoft/beit-base-patch16-224-pt22k-ft22k",
    }
)

# Networks of random weights: transformers' own test of a tiny ViT, whose 1,000 outputs were never trained.
_UNTRAINED = frozenset({"lysandre/tiny-vit-random"})

# Weights of pre-training alone, which the table gives ImageNet's labels: without a head of their own, they were loaded
# with the library's two outputs.
_HEADLESS = frozenset({"microsoft/beit-base-patch16-224-pt22k"})
_DEFAULT_OUTPUTS = 2

# A network is known by its family, input size and width, and by its parameters without the head.
_Network = tuple[str | None, int | None, int | None, int]


def link_uploads(cards: tuple[ModelCard, ...], classes: Mapping[str, int]) -> tuple[ModelCard, ...]:
    """Return the cards with the lineage of the uploads, and what is known of those that nobody trained.

    Args:
        cards: of all models of the table.
        classes: outputs of each model's head.
    """
    published: dict[_Network, list[str]] = {}
    classes = {**classes, **dict.fromkeys(_HEADLESS, _DEFAULT_OUTPUTS)}
    for card in cards:
        if not is_upload(card) or card.id in _UPLOADED_AGAIN:
            for network in _networks(card, classes[card.id]):
                published.setdefault(network, []).append(card.id)
    return tuple(_link(card, classes[card.id], published) for card in cards)


def _link(card: ModelCard, num_classes: int, published: Mapping[_Network, list[str]]) -> ModelCard:
    if card.id in _HEADLESS:
        found = {"objective": Objective.MASKED_IMAGE_MODELLING, "corpora": ("imagenet-21k",), "pretrained_on": None}
        return card.model_copy(update=found)
    if not is_upload(card):
        return card
    if card.id in _UNTRAINED:
        return card.model_copy(update={"objective": Objective.UNTRAINED, "pretrained_on": None})
    original = _UPLOADED_AGAIN.get(card.id)
    if original is not None:
        return _derive(card, LineageKind.SAME_WEIGHTS, original)
    fitting = {name for network in _networks(card, num_classes) for name in published.get(network, ())}
    base = fitting.pop() if len(fitting) == 1 else _COMMON_BASES.get(card.timm_name or "") if fitting else None
    return card if base is None else _derive(card, LineageKind.FINE_TUNED, base)


def _derive(card: ModelCard, kind: LineageKind, model: str) -> ModelCard:
    return card.model_copy(update={"derived_from": (Lineage(kind=kind, model=model),)})


def _networks(card: ModelCard, num_classes: int) -> list[_Network]:
    """Return what the network without its head can be: a distilled one may have had two heads."""
    if card.parameters is None or card.num_features is None:
        return []
    heads = (1, 2) if card.family == "deit" else (1,)
    backbones = [card.parameters - count * (card.num_features + 1) * num_classes for count in heads]
    return [(card.family, card.input_size, card.num_features, count) for count in backbones]

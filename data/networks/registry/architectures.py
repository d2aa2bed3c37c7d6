"""Architectures: the figures of a network that timm can tell without its weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from zoograph.data.files.optional_imports import import_torchvision
from zoograph.data.records.cards import ModelCard

# timm architectures that a family can be; no two of one family have the same parameters and input.
_CANDIDATES = {
    "beit": (
        *(f"beit_base_patch16_{size}" for size in (224, 384)),
        *(f"beit_large_patch16_{size}" for size in (224, 384)),
    ),
    "convnext": tuple(f"convnext_{size}" for size in ("tiny", "small", "base", "large", "xlarge")),
    "deit": (
        *(f"deit_{size}_patch16_224" for size in ("tiny", "small", "base")),
        *(f"deit_{size}_distilled_patch16_224" for size in ("tiny", "small", "base")),
        "deit_base_distilled_patch16_384",
    ),
    "resnet": ("resnet50",),
    "swin": (
        *(f"swin_{size}_patch4_window7_224" for size in ("tiny", "small", "base", "large")),
        *(f"swin_{size}_patch4_window12_384" for size in ("base", "large")),
    ),
    "vit": (
        *(f"vit_{size}_patch16_224" for size in ("tiny", "small", "base", "large")),
        *(f"vit_{size}_384" for size in ("base_patch16", "base_patch32", "large_patch32")),
    ),
}

# A distilled DeiT has a second head for the teacher's answer, unless it was fine-tuned without it.
_HEADS = {"deit": (1, 2)}


@dataclass(frozen=True)
class Architecture:
    """A network without its classification head.

    Attributes:
        name: timm's name.
        parameters: number of parameters, head excluded.
        num_features: width of the pooled features that a head reads.
        input_size: side of the square input of timm's default weights, in pixels.
        fixed_input: whether the parameters depend on ``input_size``.
    """

    name: str
    parameters: int
    num_features: int
    input_size: int
    fixed_input: bool

    def parameters_with_head(self, num_classes: int, heads: int = 1) -> int:
        """Number of parameters with ``heads`` linear heads of ``num_classes`` outputs each."""
        return self.parameters + heads * (self.num_features + 1) * num_classes


FindArchitecture = Callable[[str], Architecture]


@cache
def get_architecture(name: str) -> Architecture:
    """Look an architecture up in timm; no weights are fetched and no memory is taken for them.

    Args:
        name: a timm architecture, such as ``convnext_tiny``.
    """
    # timm takes seconds to import, and only those who read raw collections need it.
    import_torchvision()
    import timm
    import torch

    config = timm.get_pretrained_cfg(name)
    with torch.device("meta"):
        network = timm.create_model(name, pretrained=False, num_classes=0)
    return Architecture(
        name=name,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        num_features=int(network.num_features),
        input_size=int(config.input_size[-1]),
        fixed_input=bool(config.fixed_input_size),
    )


def prove_architecture(
    card: ModelCard, num_classes: int, find_architecture: FindArchitecture = get_architecture
) -> Architecture | None:
    """Find the timm architecture that a card describes, with the card's exact number of parameters as proof.

    Args:
        card: ``family``, ``parameters``, ``num_features`` and ``input_size`` are compared.
        num_classes: outputs of the head that ``parameters`` include.
        find_architecture: tells the figures of a timm architecture.

    Returns:
        The one architecture of the family that fits in all figures; ``None`` if none does, or several do.
    """
    family = card.family or ""
    proven = []
    for name in _CANDIDATES.get(family, ()):
        network = find_architecture(name)
        counts = [network.parameters_with_head(num_classes, heads) for heads in _HEADS.get(family, (1,))]
        fits = not network.fixed_input or network.input_size == card.input_size
        if fits and network.num_features == card.num_features and card.parameters in counts:
            proven.append(network)
    return proven[0] if len(proven) == 1 else None

"""Names of torchvision's weights: every spelling becomes ``torchvision/architecture.ENUM``."""

from __future__ import annotations

import re

from zoograph.data.files.optional_imports import import_torchvision

PREFIX = "torchvision/"
_ENUM = re.compile(r"(?:torchvision\.models\.)?(?P<architecture>\w+?)_Weights\.(?P<weights>\w+)")
_NODE = re.compile(rf"{PREFIX}(?P<architecture>\w+)(?:\.(?P<weights>\w+))?")


def canonical_torchvision_name(name: str) -> str | None:
    """Return the node of some of torchvision's weights; ``None`` if the name does not look like that, or has none.

    Args:
        name: ``torchvision/convnext_tiny.IMAGENET1K_V1``, ``ConvNeXt_Tiny_Weights.IMAGENET1K_V1``, or without weights
            ``torchvision/convnext_tiny``, which means torchvision's default ones.
    """
    match = _NODE.fullmatch(name) or _ENUM.fullmatch(name)
    if match is None:
        return None
    import_torchvision()
    from torchvision.models import get_model_weights, list_models

    architecture = match["architecture"].lower()
    if architecture not in list_models():
        return None
    enumeration = get_model_weights(architecture)
    weights = match["weights"] or "DEFAULT"
    member = enumeration.__members__.get(weights.upper())
    return None if member is None else f"{PREFIX}{architecture}.{member.name}"

"""Names of EfficientNets as the packages ``efficientnet_pytorch`` and ``efficientnet_lite_pytorch`` save them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

Value = TypeVar("Value")

_OUTSIDE = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
_SQUEEZE = {"_se_reduce": "se.conv_reduce", "_se_expand": "se.conv_expand"}
_SEPARABLE = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2", **_SQUEEZE}
_INVERTED = {
    **{"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2"},
    **{"_project_conv": "conv_pwl", "_bn2": "bn3"},
    **_SQUEEZE,
}


def timm_efficientnet_names(state: Mapping[str, Value], wanted: Iterable[str]) -> dict[str, Value] | None:
    """Return the weights under timm's names; None if these are no names of those packages.

    They number the blocks throughout where timm numbers stages and the blocks of each, and call layers otherwise.

    Args:
        state: weights by their names in the package.
        wanted: timm's names of the weights of the same network, in its order.
    """
    if "_conv_stem.weight" not in state:
        return None
    blocks = list(dict.fromkeys(".".join(name.split(".")[:3]) for name in wanted if name.startswith("blocks.")))
    found = {}
    for name, value in state.items():
        place, names, rest = "", _OUTSIDE, name
        if name.startswith("_blocks."):
            _, number, rest = name.split(".", 2)
            if not number.isdecimal() or int(number) >= len(blocks):
                return None
            place = f"{blocks[int(number)]}."
            names = _INVERTED if f"_blocks.{number}._expand_conv.weight" in state else _SEPARABLE
        layer, _, kind = rest.partition(".")
        if layer not in names:
            return None
        found[f"{place}{names[layer]}.{kind}"] = value
    return found

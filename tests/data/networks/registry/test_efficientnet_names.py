"""Names of the packages of EfficientNets, against a network of timm."""

from __future__ import annotations

import pytest
import timm
import torch

from zoograph.data.networks.checkpoints.fitting import fit_weights
from zoograph.data.networks.registry.efficientnet_names import timm_efficientnet_names

OUTSIDE = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1", "classifier": "_fc"}
SEPARABLE = {"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
INVERTED = {
    **{"conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv"},
    **{"bn2": "_bn1", "conv_pwl": "_project_conv", "bn3": "_bn2"},
}


def _as_the_package_names_them(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    blocks = list(dict.fromkeys(tuple(name.split(".")[1:3]) for name in state if name.startswith("blocks.")))
    named = {}
    for name, value in state.items():
        if not name.startswith("blocks."):
            layer, _, kind = name.partition(".")
            named[f"{OUTSIDE[layer]}.{kind}"] = value
            continue
        _, stage, block, rest = name.split(".", 3)
        names = INVERTED if f"blocks.{stage}.{block}.conv_pwl.weight" in state else SEPARABLE
        rest = rest.replace("se.conv_reduce", "_se_reduce").replace("se.conv_expand", "_se_expand")
        layer, _, kind = rest.partition(".")
        named[f"_blocks.{blocks.index((stage, block))}.{names.get(layer, layer)}.{kind}"] = value
    return named


@pytest.mark.parametrize("architecture", ["tf_efficientnet_lite0", "tf_efficientnet_b0"])
def test_every_weight_comes_back_under_the_name_of_timm(architecture: str) -> None:
    network = timm.create_model(architecture, num_classes=5)
    state = network.state_dict()
    named = _as_the_package_names_them(state)
    assert "_blocks.1._expand_conv.weight" in named
    found = timm_efficientnet_names(named, state)
    assert found is not None
    assert found.keys() == state.keys()
    assert all(found[name] is value for name, value in state.items())
    fitted = fit_weights(named, network, architecture, "weights.pth")
    assert (fitted.num_classes, fitted.state.keys()) == (5, state.keys())
    assert fitted.said == ("The names in 'weights.pth' are those of the package efficientnet_pytorch.",)


@pytest.mark.parametrize(
    "name", ["conv_stem.weight", "_blocks.9._bn0.weight", "_blocks.x._bn0.weight", "_other.weight"]
)
def test_other_names_are_not_translated(name: str) -> None:
    state = {name: 1} if name == "conv_stem.weight" else {"_conv_stem.weight": 0, name: 1}
    assert timm_efficientnet_names(state, ["conv_stem.weight", "blocks.0.0.bn1.weight"]) is None

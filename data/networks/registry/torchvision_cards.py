"""Cards of torchvision's weights: nodes of their own, beside timm's of the same architecture."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from zoograph.data.networks.registry.architecture_table import ArchitectureRow, read_architecture_table
from zoograph.data.networks.registry.corpora import IMAGENET
from zoograph.data.networks.registry.timm_names import canonical_timm_name, import_timm, published_weights
from zoograph.data.networks.registry.torchvision_names import PREFIX, canonical_torchvision_name
from zoograph.data.networks.timm_cards import get_family, get_size_class
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import Lineage, LineageKind, Objective

# The DomainNet record's models -> the weights that its published ImageNet accuracies belong to.
DOMAINNET_WEIGHTS = {
    "convnext_small": "torchvision/convnext_small.IMAGENET1K_V1",
    "convnext_tiny": "torchvision/convnext_tiny.IMAGENET1K_V1",
    "densenet121": "torchvision/densenet121.IMAGENET1K_V1",
    "efficientnet_b0": "torchvision/efficientnet_b0.IMAGENET1K_V1",
    "efficientnet_b3": "torchvision/efficientnet_b3.IMAGENET1K_V1",
    "mobilenet_v2": "torchvision/mobilenet_v2.IMAGENET1K_V2",
    "resnet101": "torchvision/resnet101.IMAGENET1K_V2",
    "resnet18": "torchvision/resnet18.IMAGENET1K_V1",
    "resnet50": "torchvision/resnet50.IMAGENET1K_V2",
    "wide_resnet50_2": "torchvision/wide_resnet50_2.IMAGENET1K_V1",
}
# Architectures that timm calls otherwise.
_TIMM_NAMES = {"mobilenet_v2": "mobilenetv2_100"}
# timm's tags for copies of torchvision's weights (its module resnet and others, `origin_url`).
_COPIES = {"IMAGENET1K_V1": "tv_in1k", "IMAGENET1K_V2": "tv2_in1k"}
_ON_IMAGENET = re.compile(r"IMAGENET1K_V\d")


@lru_cache(maxsize=64)
def model_card_from_torchvision(name: str) -> ModelCard | None:
    """Return the card of some of torchvision's weights, or None if it has none of that name.

    Args:
        name: any spelling that ``registry.torchvision_names.canonical_torchvision_name`` knows.
    """
    node = canonical_torchvision_name(name)
    if node is None:
        return None
    import torchvision

    architecture, _, enum = node.removeprefix(PREFIX).partition(".")
    weights: Any = torchvision.models.get_model_weights(architecture)[enum]
    meta = weights.meta
    same = _find_in_timm(architecture, meta["num_params"])
    own_labels = _ON_IMAGENET.fullmatch(enum) is not None
    top1 = meta["_metrics"].get("ImageNet-1K", {}).get("acc@1")
    return ModelCard(
        id=node,
        aliases=(f"{type(weights).__name__}.{enum}",),
        source=f"torchvision {torchvision.__version__.partition('+')[0]}",
        family=_family(same[0] if same else architecture),
        timm_name=same[0] if same else None,
        architecture=architecture,
        size_class=get_size_class(architecture),
        parameters=meta["num_params"],
        gmacs=meta["_ops"] or None,
        input_size=weights.transforms.keywords["crop_size"],
        num_features=same[1].figures.num_features if same else None,
        objective=Objective.SUPERVISED if own_labels else None,
        corpora=(IMAGENET,) if own_labels else (),
        pretrained_on=IMAGENET if own_labels else None,
        imagenet_top1=None if top1 is None else round(top1 / 100, 6),
        derived_from=_lineage(same[0], enum) if same else (),
    )


def _find_in_timm(architecture: str, parameters: int) -> tuple[str, ArchitectureRow] | None:
    """Return timm's architecture of that name, if it has exactly as many parameters, and its figures."""
    name = _TIMM_NAMES.get(architecture, architecture)
    for (known, _, _), row in read_architecture_table().items():
        if known == name and row.figures.parameters == parameters:
            return name, row
    return None


def _family(architecture: str) -> str:
    timm = import_timm()
    module = timm.models.model_entrypoint(architecture).__module__ if timm.is_model(architecture) else architecture
    return get_family(architecture, module.rpartition(".")[2])


def _lineage(architecture: str, enum: str) -> tuple[Lineage, ...]:
    copy, default = f"{architecture}.{_COPIES.get(enum)}", canonical_timm_name(architecture)
    steps = []
    if copy in published_weights():
        steps.append(Lineage(kind=LineageKind.SAME_WEIGHTS, model=copy))
    if default is not None and default != copy and default in published_weights():
        steps.append(Lineage(kind=LineageKind.SAME_ARCHITECTURE, model=default))
    return tuple(steps)

"""Model cards from timm's own description of a model; no weights are downloaded."""

from __future__ import annotations

import difflib
import re
import warnings
from functools import lru_cache
from typing import Any

from zoograph.data.optional_imports import import_torchvision
from zoograph.data.records.cards import ModelCard

# Where timm's module is a wider drawer than the family: the first word of the architecture decides.
_FAMILY_OF_WORD = {
    "beit3": "beit",
    "mobilenet": "mobilenet",
    "mobilenetv1": "mobilenet",
    "mobilenetv2": "mobilenet",
    "mobilenetv3": "mobilenet",
    "mobilenetv4": "mobilenet",
    "mobilenetv5": "mobilenet",
    "mnasnet": "mnasnet",
    "semnasnet": "mnasnet",
    "mixnet": "mixnet",
    "lcnet": "lcnet",
    "regnetz": "regnet",
    "repvgg": "repvgg",
    "coatnet": "coatnet",
    "maxvit": "maxvit",
    "caformer": "caformer",
    "convformer": "convformer",
    "poolformer": "poolformer",
    "vit": "vit",
}
# Otherwise timm's module decides, under the name that its family is commonly known by.
_FAMILY_OF_MODULE = {
    "inception_v3": "inception",
    "inception_v4": "inception",
    "mobilenetv3": "mobilenet",
    "mobilenetv5": "mobilenet",
    "mvitv2": "mvit",
    "naflexvit": "vit",
    "pvt_v2": "pvt",
    "resnetv2": "resnet",
    "swin_transformer": "swin",
    "swin_transformer_v2": "swin",
    "swin_transformer_v2_cr": "swin",
    "vision_transformer": "vit",
    "vision_transformer_hybrid": "vit",
    "vision_transformer_relpos": "vit",
    "vision_transformer_sam": "vit",
}
# timm ends a tag with the dataset whose labels were fitted last, then the image size if that is unusual.
_CORPUS_OF_WORD = {"in1k": "imagenet", "in21k": "imagenet-21k", "in22k": "imagenet-21k"}
_SIZE = re.compile(r"_\d{3}$")


@lru_cache(maxsize=256)
def model_card_from_timm(name: str) -> ModelCard | None:
    """Return the card of a timm model, or None if timm has no model of that name.

    The network is built without memory for its weights and run on shapes alone, for its number of
    multiply-accumulates, attention products included.

    Args:
        name: ``arch`` (timm's default weights are meant), ``arch.tag``, or ``timm/arch.tag`` as on the hub.
    """
    timm = _import_timm()
    if not timm.is_model(name.removeprefix("timm/")):
        return None
    network = _make_network(timm, name.removeprefix("timm/"))
    if network is None:
        return None
    config: dict[str, Any] = network.pretrained_cfg
    architecture, tag = config["architecture"], config.get("tag") or ""
    full = f"{architecture}.{tag}" if tag else architecture
    size = config["input_size"]
    module = timm.models.model_entrypoint(architecture).__module__
    return ModelCard(
        id=name,
        aliases=tuple(alias for alias in (full, f"timm/{full}") if alias != name),
        source=f"timm {timm.__version__}",
        family=get_family(architecture, module.rpartition(".")[2]),
        timm_name=architecture,
        parameters=sum(parameter.numel() for parameter in network.parameters()) or None,
        gmacs=_count_gmacs(network, size),
        input_size=size[-1] if size[-1] == size[-2] else None,
        # Some families widen the pooled features once more before the classifier reads them.
        num_features=int(getattr(network, "head_hidden_size", None) or network.num_features),
        pretrained_on=get_corpus(tag),
    )


def nearest_timm_names(name: str, n: int = 5) -> list[str]:
    """Return the ``n`` timm architectures with the names closest to ``name``, best first."""
    names = _import_timm().list_models()
    wanted = name.removeprefix("timm/").partition(".")[0].casefold()
    return difflib.get_close_matches(wanted, names, n=n, cutoff=0.0)


def get_family(architecture: str, module: str) -> str:
    """Return the family of a timm architecture.

    Args:
        architecture: timm's name without a tag.
        module: last part of the name of the timm module that defines it.

    >>> get_family("mobilenetv2_100", "efficientnet"), get_family("wide_resnet50_2", "resnet")
    ('mobilenet', 'resnet')
    """
    word = architecture.removeprefix("tf_").partition("_")[0]
    return _FAMILY_OF_WORD.get(word) or _FAMILY_OF_MODULE.get(module, module)


def get_corpus(tag: str) -> str | None:
    """Return the dataset whose labels the weights of a timm tag were fitted to last, if the tag says so.

    Weights without labels (``mae``, ``dino``, ``mim_in22k``), of image-text pairs and of other corpora give
    None.

    >>> get_corpus("fb_in22k_ft_in1k_384"), get_corpus("augreg_in21k"), get_corpus("mim_in22k")
    ('imagenet', 'imagenet-21k', None)
    """
    words = _SIZE.sub("", tag).split("_")
    if words[:-1] and words[-2] == "mim":
        return None
    return _CORPUS_OF_WORD.get(words[-1])


def _import_timm() -> Any:
    import_torchvision()
    import timm

    return timm


def _make_network(timm: Any, name: str) -> Any:
    """Return the network on torch's meta device; None if timm knows the architecture but not the tag."""
    import torch

    if "." in name and name not in timm.list_models(name, pretrained=True):
        return None
    with warnings.catch_warnings(), torch.device("meta"):
        warnings.simplefilter("ignore")  # a deprecated name is mapped to the present one, which the card tells
        return timm.create_model(name, pretrained=False)


def _count_gmacs(network: Any, size: tuple[int, int, int]) -> float | None:
    """Return the multiply-accumulates of one image in units of 1e9; None if shapes do not suffice for it."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    network.eval().requires_grad_(False)
    for module in network.modules():
        # The fused kernel is opaque on the meta device; written out, both of its products are counted.
        if getattr(module, "fused_attn", False):
            module.fused_attn = False
    image = torch.empty(1, *size, device="meta")
    try:
        with torch.no_grad(), torch.device("meta"), FlopCounterMode(display=False) as counter:
            network(image)
    except (RuntimeError, NotImplementedError, TypeError, AssertionError):
        return None
    return counter.get_total_flops() / 2e9 or None

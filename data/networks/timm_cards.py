"""Model cards from timm's own description of a model; no weights are downloaded."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from functools import lru_cache

from zoograph.data.networks.registry.architecture_table import ArchitectureRow, find_architecture_row
from zoograph.data.networks.registry.figures import count_figures
from zoograph.data.networks.registry.timm_lineage import find_lineage
from zoograph.data.networks.registry.timm_names import (
    canonical_timm_name,
    import_timm,
    names_of_old_versions,
    published_weights,
)
from zoograph.data.networks.registry.timm_tags import parse_tag
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
_SIZE_WORDS = re.compile(
    r"(?<![a-z])(x*tiny|x*small|medium|base|x*large|huge|giant|gigantic|enormous|atto|femto|pico|nano|zepto"
    r"|so\d+m|\d+b|\d{2,3}m)(?![a-z])"
)
_TIMM_HUB = "timm/"
_ARXIV = re.compile(r"arXiv:(\d{2})(\d{2})\.\d+")
# Recipes of timm's own are younger than the papers that their configurations cite.
_OWN_REPOSITORY = "https://github.com/huggingface/pytorch-image-models"


@lru_cache(maxsize=256)
def model_card_from_timm(name: str) -> ModelCard | None:
    """Return the card of a timm model, or None if timm has no model of that name.

    Size and cost come from the shipped table, or for a network that is not in it from building it without memory
    for its weights and running it on shapes alone.

    Args:
        name: any spelling that ``registry.timm_names.canonical_timm_name`` knows. The card's id is
            ``architecture.tag``; ``architecture`` alone if timm has no weights for it.
    """
    full = canonical_timm_name(name)
    return None if full is None else make_card(full)


def make_card(name: str) -> ModelCard:
    """Return the card of a timm model.

    Args:
        name: ``architecture.tag``, or an ``architecture`` that timm has no weights for.
    """
    timm = import_timm()
    config = timm.get_pretrained_cfg(name)
    architecture, _, tag = name.partition(".")
    origin = parse_tag(architecture, tag)
    row = find_architecture_row(architecture, config.input_size, config.num_classes) or _count(name, config.input_size)
    module = timm.models.model_entrypoint(architecture).__module__
    height, width = config.input_size[-2:]
    published = name in published_weights()
    return ModelCard(
        id=name,
        aliases=_aliases(name, architecture, config.hf_hub_id),
        source=f"timm {timm.__version__}",
        family=get_family(architecture, module.rpartition(".")[2]),
        timm_name=architecture,
        architecture=architecture,
        size_class=get_size_class(architecture),
        parameters=row.figures.parameters or None,
        gmacs=row.figures.gmacs,
        activations=row.figures.activations,
        speeds=row.speeds,
        input_size=height if height == width else None,
        num_features=row.figures.num_features,
        objective=origin.objective,
        corpora=origin.corpora,
        pretrained_on=origin.labels,
        train_resolution=origin.resolution,
        licence=config.license if published and config.license != "unknown" else None,
        hub_id=config.hf_hub_id if published else None,
        derived_from=find_lineage(name, published_weights()) if published else (),
        **(_published(config.paper_ids, config.origin_url) if published else {}),
    )


def get_size_class(architecture: str) -> str | None:
    """Return the word for the size in an architecture's name, if there is one.

    >>> get_size_class("convnext_xxlarge"), get_size_class("vit_so400m_patch14_siglip_378"), get_size_class("resnet50")
    ('xxlarge', 'so400m', None)
    """
    match = _SIZE_WORDS.search(architecture)
    return match.group() if match else None


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


def _aliases(name: str, architecture: str, hub_id: str | None) -> tuple[str, ...]:
    if name == architecture:
        return ()
    bare = (architecture,) if canonical_timm_name(architecture) == name else ()
    # Some hub repositories are read by two architectures: the one that they are called after owns the name.
    hub = (hub_id,) if hub_id and not hub_id.startswith(_TIMM_HUB) else ()
    return (*bare, f"{_TIMM_HUB}{name}", *hub, *names_of_old_versions().get(name, ()))


def _published(papers: Sequence[str] | str | None, origin: str | None) -> dict[str, str]:
    """Return the paper of some weights, and its month if the weights came with it."""
    text = papers if isinstance(papers, str) else " ".join(papers or ())
    match = _ARXIV.search(text)
    if match is None or origin in (None, _OWN_REPOSITORY):
        return {}
    year, month = match.groups()
    return {"paper": match.group(), "released": f"20{year}-{month}"}


def _count(name: str, size: tuple[int, ...]) -> ArchitectureRow:
    """Build a network on torch's meta device and count it."""
    import torch

    with warnings.catch_warnings(), torch.device("meta"):
        warnings.simplefilter("ignore")
        network = import_timm().create_model(name, pretrained=False)
    return ArchitectureRow(count_figures(network, size))

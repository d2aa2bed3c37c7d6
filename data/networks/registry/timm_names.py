"""Names of timm: every spelling of a name becomes ``architecture.tag``, one set of weights."""

from __future__ import annotations

import difflib
import re
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from zoograph.data.files.facts import load_facts
from zoograph.data.files.optional_imports import import_torchvision

TIMM_NAMES = "timm_names.json"

_PREFIX = re.compile(r"^(hf[-_]hub:)?(timm/)?")

# Names of old versions that timm maps to other weights than they had: 'ig_resnext101_32x48d' is not published any
# more, 'mixer_*_in21k' had no head for ImageNet-1k, and the tag 'sam' became 'sam_in1k'.
CORRECTED: dict[str, str | None] = {
    "ig_resnext101_32x16d": "resnext101_32x16d.fb_wsl_ig1b_ft_in1k",
    "ig_resnext101_32x32d": "resnext101_32x32d.fb_wsl_ig1b_ft_in1k",
    "ig_resnext101_32x48d": None,
    "mixer_b16_224_in21k": "mixer_b16_224.goog_in21k",
    "mixer_l16_224_in21k": "mixer_l16_224.goog_in21k",
    "resmlp_12_224_dino": "resmlp_12_224.fb_dino",
    "resmlp_24_224_dino": "resmlp_24_224.fb_dino",
    "vit_base_patch16_224_sam": "vit_base_patch16_224.sam_in1k",
    "vit_base_patch32_224_sam": "vit_base_patch32_224.sam_in1k",
}


def canonical_timm_name(name: str) -> str | None:
    """Return ``architecture.tag`` for any of timm's spellings; ``None`` if timm has no such model.

    A bare architecture is timm's default weights, and stays bare if timm has none for it. Names of old versions
    are known, and so are ``timm/…`` and ``hf_hub:timm/…``.

    Args:
        name: as somebody wrote it.
    """
    bare = _PREFIX.sub("", name)
    if bare in published_weights():
        return bare
    if bare in CORRECTED:
        return CORRECTED[bare]
    current = _deprecated().get(bare, bare)
    if current is None or current in published_weights():
        return current
    return _default_weights(current) if current in _architectures() else None


@cache
def published_weights() -> frozenset[str]:
    """Return all pre-trained weights that timm knows, as ``architecture.tag``."""
    return frozenset(_known()["published"])


def hub_ids() -> dict[str, str]:
    """Return weights -> their repository on the hub, for those that are not in timm's own there."""
    return {name: id for name, id in _known()["elsewhere"].items() if id}


def hub_repository(weights: str) -> str | None:
    """Return the repository on the hub that has some weights; None for those at another address.

    Args:
        weights: as ``architecture.tag``.
    """
    return _known()["elsewhere"].get(weights, f"timm/{weights}") or None


def list_timm_names() -> dict[str, Any]:
    """Return what the installed timm knows, which takes seconds to import.

    Returns:
        ``timm``, its version; the ``published`` weights; ``architectures`` with the tag of their default weights; the
        names of old versions that are ``deprecated``, and what they mean now; and weights that are ``elsewhere`` than
        in timm's own repositories on the hub: in which, or nothing for those that are at another address.
    """
    timm = import_timm()
    from timm.models._registry import get_deprecated_models

    published = sorted(timm.list_pretrained())
    ids = {name: timm.get_pretrained_cfg(name).hf_hub_id for name in published}
    configs = {name: timm.get_pretrained_cfg(name) for name in sorted(timm.list_models())}
    return {
        "timm": version("timm"),
        "published": published,
        "architectures": {name: (config and config.tag) or "" for name, config in configs.items()},
        "deprecated": dict(sorted(get_deprecated_models().items())),
        "elsewhere": {name: id or "" for name, id in ids.items() if not (id and id.startswith("timm/"))},
    }


@cache
def _known() -> dict[str, Any]:
    """Return what the table that ships says of the installed timm; of another one, timm is asked."""
    shipped: dict[str, Any] = load_facts(Path(__file__).parents[2] / "zoo" / TIMM_NAMES)
    return shipped if shipped["timm"] == version("timm") else list_timm_names()


@cache
def names_of_old_versions() -> dict[str, tuple[str, ...]]:
    """Return weights -> the names that old versions of timm called them by."""
    found: dict[str, list[str]] = {}
    for old in sorted(_deprecated()):
        name = canonical_timm_name(old)
        if name is not None:
            found.setdefault(name, []).append(old)
    return {name: tuple(olds) for name, olds in found.items()}


def nearest_timm_names(name: str, n: int = 5) -> list[str]:
    """Return the ``n`` timm architectures with the names closest to ``name``, best first."""
    wanted = _PREFIX.sub("", name).partition(".")[0].casefold()
    return difflib.get_close_matches(wanted, sorted(_architectures()), n=n, cutoff=0.0)


def import_timm() -> Any:
    """Return timm, imported after a torchvision that may not fit torch was seen to."""
    import_torchvision()
    import timm

    return timm


def _architectures() -> dict[str, str]:
    """Return architecture -> the tag of its default weights; nothing for one that has none."""
    return dict(_known()["architectures"])


def _deprecated() -> dict[str, str | None]:
    return dict(_known()["deprecated"])


def _default_weights(architecture: str) -> str:
    full = f"{architecture}.{_architectures()[architecture]}"
    return full if full in published_weights() else architecture

"""Weights that nobody can have now: neither a cache nor the hub. Found out in seconds, before torch is imported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zoograph.data.errors import ZoographError
from zoograph.data.files.hub import why_not_asked
from zoograph.data.networks.registry.timm_names import canonical_timm_name, hub_repository


def require_reachable(names: Sequence[str]) -> None:
    """Raise if the hub is not to be asked, and its cache has the weights of none of some models.

    A name that is not timm's, and weights that are not on the hub, are left to whoever loads them.

    Raises:
        ZoographError: with what to do.
    """
    repositories = [_find_repository(name) for name in names]
    known = [repository for repository in repositories if repository is not None]
    if len(known) < len(names) or any(map(is_cached, known)) or (why_not := why_not_asked()) is None:
        return
    more = f" and of {len(names) - 1} more" if len(names) > 1 else ""
    raise ZoographError(
        f"The weights of '{names[0]}'{more} must be in the Hugging Face cache or on the hub (got: {why_not}, and the "
        "cache does not have them). Allow the network, or give a file of weights with --weights."
    )


def _find_repository(name: str) -> str | None:
    weights = canonical_timm_name(name)
    return None if weights is None else hub_repository(weights)


def is_cached(repository: str) -> bool:
    """Return whether the cache of the hub has a repository of weights."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    folder = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=repository, repo_type="model") / "snapshots"
    return folder.is_dir() and any(folder.iterdir())

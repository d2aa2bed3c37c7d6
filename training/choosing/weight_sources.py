"""Where the weights of candidates are to be had: folders, the hub, its cache or a package; nothing is downloaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from zoograph.data.errors import ZoographError
from zoograph.data.files.hub import why_not_asked
from zoograph.data.networks.find_model import bare_architecture, find_known_model, loading_name
from zoograph.data.networks.weight_files import ENDINGS
from zoograph.data.records.cards import Modality, ModelCard
from zoograph.data.records.names import NameIndex
from zoograph.data.text.model_folder import CONFIG, is_carried

_SETTINGS = (CONFIG, "modules.json")

Sources = Mapping[str, Path | None]
"""Model -> file or folder of its weights; None for those that libraries get by the name."""


def find_sources(cards: Iterable[ModelCard], folder: Path | None = None) -> dict[str, Path | None]:
    """Return where the weights of those models are to be had whose weights are.

    A file or folder is a model's if it is called by the model's id, with an underscore for a slash; timm's default
    weights of an architecture may be called by the architecture alone. Where the hub does not answer, models of its
    cache are left, beside those of the folder and those that an installed package carries.

    Args:
        cards: of candidates.
        folder: of files, and of folders as the hub has them; None for none.

    Raises:
        ZoographError: if the folder is none.
    """
    cards, named = list(cards), {} if folder is None else _read_folder(folder)
    found: dict[str, Path | None] = {}
    for card in cards:
        path = next((named[name] for name in _spellings(card) if name in named), None)
        if path is not None:
            found[card.id] = path
    known = None if why_not_asked() is None else _cached_repositories()
    for card in cards:
        here = known is None or card.hub_id in known or is_carried(card.id)
        if card.id not in found and loading_name(card) == card.id and here:
            found[card.id] = None
    return found


def load_own(
    names: NameIndex, words: Iterable[str], modality: Modality, dataset: str
) -> dict[str, tuple[ModelCard, Path]]:
    """Return those words that are folders with a model in them, and its card and folder.

    A folder's name says nothing of its weights: the id on the card is of their content. What a store or a library
    knows by the word is no folder.

    Args:
        names: of the store.
        words: names of models, as they were given.
        modality: that the models must read.
        dataset: in words.

    Raises:
        ZoographError: if a folder holds no model that reads such samples.
    """
    from zoograph.data.networks.encoders import load_reader

    own = {}
    for word in words:
        path = Path(word).expanduser()
        if any((path / name).is_file() for name in _SETTINGS) and find_known_model(names, word) is None:
            own[word] = load_reader(word, modality=modality, dataset=dataset).card, path
    return own


def explain_none(num_candidates: int, folder: Path | None) -> str:
    """Return why there are no weights of any candidate, and what to do."""
    hub = why_not_asked()
    there = "" if folder is None else f" '{folder}' has no file that is called like one of them,"
    asked = "the hub has none of them" if hub is None else f"{hub}, and its cache has none of them"
    how = "such as 'resnet50.a1_in1k.safetensors'"
    return (
        f"The weights of none of {num_candidates:,} candidates are to be had:{there} {asked}. Give a folder of files "
        f"that are called like the models, {how}, with --weights-dir."
    )


def _spellings(card: ModelCard) -> list[str]:
    default = [card.timm_name] if card.timm_name and _is_default(card) else []
    return [card.id.replace("/", "_"), f"timm_{card.id}", *default]


def _is_default(card: ModelCard) -> bool:
    """Return whether timm means these weights by the name of the architecture."""
    return any(bare_architecture(alias) == card.timm_name for alias in card.aliases)


def _read_folder(folder: Path) -> dict[str, Path]:
    folder = folder.expanduser()
    if not folder.is_dir():
        got = "a file" if folder.exists() else "nothing there"
        raise ZoographError(
            f"The weights '{folder}' must be a folder with a file for each model (got {got}). Check it."
        )
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            found.setdefault(path.name, path)
        for ending in sorted(ENDINGS, key=len, reverse=True):
            if path.is_file() and path.name.endswith(ending):
                found.setdefault(path.name.removesuffix(ending), path)
                break
    return found


def _cached_repositories() -> frozenset[str]:
    """Return the ids of the hub's repositories of which the cache holds weights."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repositories = scan_cache_dir().repos
    except CacheNotFound:
        return frozenset()
    return frozenset(
        repository.repo_id
        for repository in repositories
        for revision in repository.revisions
        if any(file.file_name.endswith(ENDINGS) for file in revision.files)
    )

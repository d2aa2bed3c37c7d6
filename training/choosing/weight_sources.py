"""Where the weights of candidates are to be had: folders, the hub, its cache or a package; nothing is downloaded."""

from __future__ import annotations

import filecmp
from collections.abc import Iterable, Mapping
from pathlib import Path

from zoograph.data.errors import ZoographError
from zoograph.data.files.hub import why_not_asked
from zoograph.data.networks.find_model import (
    bare_architecture,
    file_names,
    find_known_model,
    loading_name,
    named_in_full,
)
from zoograph.data.networks.weight_files import ENDINGS, without_ending
from zoograph.data.records.cards import Modality, ModelCard
from zoograph.data.records.naming.names import NameIndex
from zoograph.data.text.encoders.model_folder import CONFIG, is_carried

_SETTINGS = (CONFIG, "modules.json")
_PARTS, _PART_BYTES = 16, 4_096

Sources = Mapping[str, Path | None]
"""Model -> file or folder of its weights; None for those that libraries get by the name."""


def find_sources(cards: Iterable[ModelCard], folder: Path | None = None) -> dict[str, Path | None]:
    """Return where the weights of those models are to be had whose weights are.

    A file or folder is a model's if it is called by the model's id, with an underscore for a slash. Where the hub does
    not answer, models of its cache are left, beside those of the folder and those that an installed package carries.

    Args:
        cards: of candidates.
        folder: of files, and of folders as the hub has them; None for none.

    Raises:
        ZoographError: if the folder is none.
    """
    cards, named = list(cards), {} if folder is None else _read_folder(folder)
    found: dict[str, Path | None] = {}
    for card in cards:
        path = next((named[name] for name in file_names(card.id) if name in named), None)
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
            card = load_reader(word, modality=modality, dataset=dataset).card
            own[word] = card.model_copy(update={"id": named_in_full(names, card) or card.id}), path
    return own


def load_unnamed(folder: Path) -> tuple[dict[str, tuple[ModelCard, Path]], dict[str, str]]:
    """Return what is called by an architecture of timm alone, and what failed.

    Such a name does not say which weights they are: as in all commands, they are known by their content.

    Args:
        folder: of files of weights, and of folders as the hub has them.

    Returns:
        architecture -> card and path; and name of a file -> why it cannot be read.

    Raises:
        ZoographError: if the folder is none.
    """
    from zoograph.data.networks.registry.timm_names import import_timm
    from zoograph.data.networks.weights import load_pretrained

    own, failed = {}, {}
    for name, path in _read_folder(folder).items():
        if bare_architecture(name) is not None and import_timm().is_model(name):
            try:
                own[name] = load_pretrained(name, path).card, path
            except ZoographError as error:
                failed[path.name] = str(error)
    return own, failed


def find_copies(sources: Sources) -> dict[str, str]:
    """Return the models whose file is that of a model before it, or a copy of it, and that model.

    Args:
        sources: model -> file of its weights; folders are not compared.
    """
    sizes: dict[int, list[str]] = {}
    for model, path in sources.items():
        if path is not None and path.is_file() and (size := path.stat().st_size):
            sizes.setdefault(size, []).append(model)
    copies: dict[str, str] = {}
    for size, models in sizes.items():
        alike: dict[bytes, list[str]] = {}
        for model in models if len(models) > 1 else ():
            others = alike.setdefault(_outline(sources[model], size), [])
            same = (other for other in others if filecmp.cmp(str(sources[model]), str(sources[other]), shallow=False))
            if (other := next(same, None)) is None:
                others.append(model)
            else:
                copies[model] = other
    return copies


def _outline(path: Path | None, size: int) -> bytes:
    """Return some of a file, evenly spread: whole files are read only where these agree."""
    assert path is not None
    with path.open("rb") as file:
        parts = []
        for part in range(_PARTS):
            file.seek(part * size // _PARTS)
            parts.append(file.read(_PART_BYTES))
    return b"".join(parts)


def explain_none(num_candidates: int, folder: Path | None) -> str:
    """Return why there are no weights of any candidate, and what to do."""
    hub = why_not_asked()
    there = "" if folder is None else f" '{folder}' has no file that is called like one of them,"
    asked = "the hub has none of them" if hub is None else f"{hub}, and its cache has none of them"
    how = "such as 'resnet50.a1_in1k.safetensors'"
    lacking = "the one candidate are not" if num_candidates == 1 else f"none of {num_candidates:,} candidates are"
    return (
        f"The weights of {lacking} to be had:{there} {asked}. Give a folder of files "
        f"that are called like the models, {how}, with --weights-dir."
    )


def _read_folder(folder: Path) -> dict[str, Path]:
    folder = folder.expanduser()
    if not folder.is_dir():
        got = "a file" if folder.exists() else "nothing there"
        raise ZoographError(
            f"The weights '{folder}' must be a folder with a file for each of some models (got {got}). Check it."
        )
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            found.setdefault(path.name, path)
        elif path.name.endswith(ENDINGS):
            found.setdefault(without_ending(path), path)
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

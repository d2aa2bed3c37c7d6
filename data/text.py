"""Texts of a graph (names, domains, labels) and the table that holds their embeddings."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from zoograph.data.cards import DatasetCard, ModelCard
from zoograph.data.encoders import DEFAULT_ENCODER, Embed, Encoder, find_encoder
from zoograph.data.errors import EncoderError
from zoograph.data.home import get_home
from zoograph.data.text_table import TextTable

__all__ = [
    "DEFAULT_ENCODER",
    "SHIPPED",
    "Embed",
    "Encoder",
    "TextTable",
    "find_encoder",
    "label_text",
    "name_text",
    "readable",
    "text_table_for",
    "zoo_texts",
]

SHIPPED = Path(__file__).parent / "zoo" / "text.safetensors"

_SEPARATORS = re.compile(r"[\s_\-/\\]+|(?<!\d)\.|\.(?!\d)")
_log = logging.getLogger(__name__)


def readable(name: str) -> str:
    """Write a name the way a person would: separators become spaces, a dot between digits stays.

    >>> readable("flying_saucer"), readable("vit-base-patch16-224")
    ('flying saucer', 'vit base patch16 224')
    """
    return " ".join(_SEPARATORS.sub(" ", name).split()) or name.strip()


def name_text(name: str) -> str:
    """Return the text that is embedded for a model or a dataset: its readable name without a hub owner.

    >>> name_text("google/vit-base-patch16-224")
    'vit base patch16 224'
    """
    return readable(name.rstrip("/").rpartition("/")[2] or name)


def label_text(label: str) -> str:
    """Return the form of a label in which two datasets share it, and which is embedded.

    >>> label_text("Flying_saucer")
    'flying saucer'
    """
    return readable(label).casefold()


def zoo_texts(models: Iterable[ModelCard], datasets: Iterable[DatasetCard]) -> list[str]:
    """Return the distinct texts that a graph of these cards needs, sorted.

    A model gives its readable name and its family; a dataset its readable name, its domain and every label.
    """
    texts: set[str] = set()
    for model in models:
        texts.add(name_text(model.id))
        if model.family is not None:
            texts.add(model.family)
    for dataset in datasets:
        texts.add(name_text(dataset.id))
        if dataset.domain is not None:
            texts.add(dataset.domain)
        texts.update(label_text(label) for label in dataset.labels)
    return sorted(texts)


def text_table_for(
    texts: Sequence[str],
    encoder_name: str | None = None,
    cache: Path | None = None,
    shipped: Path = SHIPPED,
) -> TextTable:
    """Return a table that holds at least ``texts``.

    The shipped table is read first, then the cache; an encoder is looked for only if a text is in neither,
    and what it adds is written to the cache. Two processes that add to the cache at the same time may
    overwrite each other's additions, which are then computed again.

    Args:
        texts: what will be looked up.
        encoder_name: a name or a folder for :func:`find_encoder`. The shipped table serves the default only.
        cache: folder of the computed tables, one file for each encoder; default: ``<home>/cache/text``.
        shipped: the table that comes with the package.

    Raises:
        EncoderError: if a text is missing and no encoder is found, or if the encoder that is found is not the
            one of the shipped table.
    """
    cache = get_home() / "cache" / "text" if cache is None else cache
    table = None
    if encoder_name in (None, DEFAULT_ENCODER) and shipped.exists():
        table = TextTable.load(shipped)
        if not table.missing(texts):
            return table
    encoder = None
    if table is None:
        encoder = find_encoder(encoder_name or DEFAULT_ENCODER)
        table = TextTable.empty(encoder)
    cached = _read_cache(cache, table)
    missing = table.joined(cached).missing(texts)
    if missing:
        encoder = encoder or find_encoder(DEFAULT_ENCODER)
        cached = cached.extended(encoder, missing)
        _write_cache(cache, cached)
    return table.joined(cached)


def _read_cache(cache: Path, table: TextTable) -> TextTable:
    """Return what was computed earlier with the encoder of ``table``; nothing if the file is broken."""
    empty = table.taken([])
    path = _cache_file(cache, table)
    if not path.exists():
        return empty
    try:
        return empty.joined(TextTable.load(path))
    except EncoderError as error:
        _log.warning("The text cache is ignored and will be written again. %s", error)
        return empty


def _write_cache(cache: Path, table: TextTable) -> None:
    """Keep ``table``; a cache that cannot be written costs time, not the answer."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        table.save(_cache_file(cache, table))
    except (OSError, EncoderError) as error:
        _log.warning("The text cache '%s' cannot be written: %s", cache, error)


def _cache_file(cache: Path, table: TextTable) -> Path:
    return cache / f"{table.digest}.safetensors"

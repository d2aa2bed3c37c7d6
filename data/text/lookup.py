"""Text embeddings by look-up: shipped, cached, or computed when neither has them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from zoograph.data.errors import EncoderError
from zoograph.data.files.counts import count_of, some_of
from zoograph.data.home import get_home
from zoograph.data.text.encoders.find_encoder import DEFAULT_ENCODER, find_encoder
from zoograph.data.text.table import TextTable
from zoograph.data.text.words import zoo_texts

if TYPE_CHECKING:
    from zoograph.data.records.zoo import Zoo

_log = logging.getLogger(__name__)
_MOST_NAMED = 5
SHIPPED = Path(__file__).parents[1] / "zoo" / "text.safetensors"


def text_table_for(
    texts: Sequence[str],
    encoder_name: str | None = None,
    cache: Path | None = None,
    shipped: Path = SHIPPED,
    stage: Callable[[str], None] | None = None,
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
        stage: told how many texts are embedded, if some have to be.

    Raises:
        EncoderError: if a text is missing and no encoder is found, or if the encoder that is found is not the
            one of the shipped table.
    """
    cache = get_home() / "cache" / "text" if cache is None else cache
    table = None
    if encoder_name in (None, DEFAULT_ENCODER) and shipped.exists():
        table = _load(shipped, shipped.stat().st_mtime_ns)
        if not table.missing(texts):
            return table
    encoder = None
    if table is None:
        encoder = find_encoder(encoder_name or DEFAULT_ENCODER)
        table = TextTable.empty(encoder)
    cached = _read_cache(cache, table)
    lacking = table.missing(texts)
    missing = cached.missing(lacking)
    if missing:
        if stage is not None:
            stage(f"Embedding {count_of(len(missing), 'text')}")
        encoder = encoder or find_encoder(DEFAULT_ENCODER)
        cached = cached.extended(encoder, missing)
        _write_cache(cache, cached)
    return table.joined(cached.taken(lacking))


@lru_cache(maxsize=1)
def _load(path: Path, _: int) -> TextTable:
    """Return the table of a file; the last one stays in memory, as long as the file has the time that it had."""
    return TextTable.load(path)


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


def text_for(
    zoo: Zoo,
    encoder: str | None = None,
    stage: Callable[[str], None] | None = None,
    asked: Collection[str] | None = None,
) -> TextTable:
    """Return the embeddings of every text in ``zoo``, computing only those that are not shipped or cached.

    Where the shipped table lacks a few, and the default encoder is not to be had, these are absent, which is warned of.

    Args:
        zoo: cards.
        encoder: text encoder; default as shipped.
        stage: told how many texts are embedded, if some have to be.
        asked: ids of the models and datasets whose absent texts are warned of; default: all.

    Raises:
        EncoderError: if an encoder that was asked for by name is not found.
    """
    texts = zoo_texts(zoo.models.values(), zoo.datasets.values())
    try:
        return text_table_for(texts, encoder, stage=stage)
    except EncoderError:
        if encoder not in (None, DEFAULT_ENCODER) or not SHIPPED.exists():
            raise
        table = TextTable.load(SHIPPED)
        table = table.joined(_read_cache(get_home() / "cache" / "text", table))
        absent = table.missing(texts)
        of_asked = absent if asked is None else _texts_of(zoo, asked)
        told = [text for text in absent if text in of_asked]
        if told:
            _log.warning("%s", _describe_absent(told))
        return replace(table, absent=frozenset(absent))


def _texts_of(zoo: Zoo, ids: Collection[str]) -> set[str]:
    models = (card for id, card in zoo.models.items() if id in ids)
    return set(zoo_texts(models, (card for id, card in zoo.datasets.items() if id in ids)))


def _describe_absent(texts: Sequence[str]) -> str:
    first = some_of([f"'{text}'" for text in texts], _MOST_NAMED)
    are, them = ("text is", "it") if len(texts) == 1 else ("texts are", "them")
    return (
        f"The text encoder is not to be had here, so {len(texts):,} {are} not read: {first}. "
        f'To read {them}: pip install "zoograph[offline]".'
    )

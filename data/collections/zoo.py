"""The zoo that ships: every public collection read, and joined into one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from zoograph.data.collections.domainnet import read_domainnet
from zoograph.data.collections.public.clip_benchmark import read_clip_benchmark
from zoograph.data.collections.public.fastai_pets import read_fastai_pets
from zoograph.data.collections.public.mieb import read_mieb
from zoograph.data.collections.public.mteb_text import read_mteb_text
from zoograph.data.collections.public.open_clip import read_open_clip
from zoograph.data.collections.public.timm_results import read_timm_results
from zoograph.data.collections.public_datasets import read_public_datasets
from zoograph.data.collections.timm import read_timm
from zoograph.data.collections.transfergraph import read_transfergraph
from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.collection import Collection, merge
from zoograph.data.records.failures import flag_failures

# Name of a collection -> its reader, from the folder of all raw tables. Cards come before what was measured.
READERS: dict[str, Callable[[Path], Collection]] = {
    "datasets": lambda raw: Collection(datasets=read_public_datasets()),
    "timm": read_timm,
    "timm_results": lambda raw: read_timm_results(raw / "timm"),
    "domainnet": lambda raw: read_domainnet(raw / "domainnet"),
    "transfergraph": lambda raw: read_transfergraph(raw / "transfergraph_image"),
    "open_clip": lambda raw: read_open_clip(raw / "open_clip"),
    "mieb": lambda raw: read_mieb(raw / "mieb"),
    "clip_benchmark": lambda raw: read_clip_benchmark(raw / "clip_benchmark", raw / "open_clip"),
    "fastai_pets": lambda raw: read_fastai_pets(raw / "fastai_pets"),
    "mteb_text": lambda raw: read_mteb_text(raw / "mteb_text"),
}


def join_collections(collections: dict[str, Collection]) -> Collection:
    """Return one collection of all, in which failed runs say so.

    What a public dataset is, its own card says, and a record only adds what it lacks. A model that two collections
    measured, one on images and one on texts, reads both.

    Raises:
        RawDataError: if two cards of one id disagree.
    """
    known = {card.id: card for card in collections["datasets"].datasets}
    reads: dict[str, tuple[str, ...]] = {}
    for part in collections.values():
        for card in part.models:
            reads[card.id] = tuple(sorted({*reads.get(card.id, ()), *card.modalities}))
    parts = [
        replace(
            part,
            models=tuple(card.model_copy(update={"modalities": reads[card.id]}) for card in part.models),
            datasets=tuple(_without_disputed(card, known.get(card.id)) for card in part.datasets),
        )
        for part in collections.values()
    ]
    return flag_failures(merge(parts)).validate()


def _without_disputed(card: DatasetCard, known: DatasetCard | None) -> DatasetCard:
    """Return a card without the fields that the public dataset's own card has."""
    if known is None or card == known:
        return card
    disputed = {
        name: field.get_default(call_default_factory=True)
        for name, field in DatasetCard.model_fields.items()
        if name not in ("id", "aliases", "source") and getattr(known, name) not in (None, (), {})
    }
    return card.model_copy(update=disputed)

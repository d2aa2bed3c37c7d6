"""Public datasets: one card and one id for the many names that published tables give them.

The cards come from a table of ours, ``data/zoo/public_datasets.csv``. Their splits are those of the authors; what a run
was measured on, which is often another division or a part, belongs to the run. The 270 tasks of DomainNet and the label
lists of HuggingPics get their cards from the readers of their collections.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import cache
from types import MappingProxyType

from zoograph.data.collections.tables import read_table, shipped_zoo
from zoograph.data.errors import RawDataError, UnknownName
from zoograph.data.records.cards import DatasetCard

_RETRIEVAL = "finds captions of images: there are no classes"
_SUBSET = "validation images of ImageNet, of the 200 classes of another test set: a part of 'imagenet'"
_CLUSTERING = "groups images without labels: no accuracy"

# Names in the tables that are no dataset of classes, and why.
LEFT_OUT = MappingProxyType(
    {
        "Average perf. on 38 datasets": "a mean over tasks",
        "Flickr": _RETRIEVAL,
        "MSCOCO": _RETRIEVAL,
        "mscoco_captions": _RETRIEVAL,
        "flickr8k": _RETRIEVAL,
        "flickr30k": _RETRIEVAL,
        "WinoGAViL": "chooses the images that a cue associates: there are no classes",
        "CIFAR10Clustering": _CLUSTERING,
        "CIFAR100Clustering": _CLUSTERING,
        "ImageNet10Clustering": _CLUSTERING,
        "ImageNetDog15Clustering": _CLUSTERING,
        "TinyImageNetClustering": _CLUSTERING,
        "imagenet-a-clean": _SUBSET,
        "imagenet-r-clean": _SUBSET,
        "hfpics": "many lists of labels, each a dataset of its own, named after its labels",
    }
)


@cache
def read_public_datasets() -> tuple[DatasetCard, ...]:
    """Return the cards of the public datasets, sorted by id.

    Raises:
        RawDataError: if the shipped table is missing, or two cards share a name.
    """
    path = shipped_zoo() / "public_datasets.csv"
    cards = read_table(path, DatasetCard)
    index_names(cards)
    return cards


def find_public_dataset(name: str) -> str:
    """Return the id of the dataset that a name means, in any case of letters.

    >>> find_public_dataset("CIFAR-10"), find_public_dataset("Oxford-IIIT Pet"), find_public_dataset("vtab/dtd")
    ('cifar10', 'pets', 'dtd')

    Raises:
        UnknownName: if no card has the name, with the nearest ones, or the reason why it is left out.
    """
    names = _shipped_names()
    if name.casefold() in names:
        return names[name.casefold()]
    if name in LEFT_OUT:
        raise UnknownName("dataset", name, (), f"It is left out: {LEFT_OUT[name]}.")
    nearest = difflib.get_close_matches(name.casefold(), names, n=3)
    raise UnknownName("dataset", name, list(dict.fromkeys(names[near] for near in nearest)))


def index_names(cards: Iterable[DatasetCard]) -> dict[str, str]:
    """Return the id that each name of some cards means; names are in lower case.

    Raises:
        RawDataError: if one name means two datasets.
    """
    names: dict[str, str] = {}
    for card in cards:
        for name in (card.id, *card.aliases):
            other = names.setdefault(name.casefold(), card.id)
            if other != card.id:
                raise RawDataError(
                    f"The name '{name}' needs to mean one dataset (got '{other}' and '{card.id}'). "
                    "Take it from one of the cards."
                )
    return names


@cache
def _shipped_names() -> dict[str, str]:
    return index_names(read_public_datasets())

"""Under which names own models and datasets are stored."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from zoograph.data.networks.find_model import named_in_full
from zoograph.data.networks.weights import PretrainedModel
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.naming.names import NameIndex
from zoograph.data.records.sources import own_source
from zoograph.data.store.store import RecordStore
from zoograph.data.tasks.sources import identify_local
from zoograph.data.tasks.task import LabelledTask


def place_in_store(store: RecordStore, card: DatasetCard, dataset: str) -> DatasetCard:
    """Return the card under the name by which the store is to know it.

    A folder or file is known by its content, see :func:`zoograph.data.tasks.identity.identify`; other datasets are
    known by their names. A domain that the store knows is not lost where none is given.
    """
    folder = Path(dataset).expanduser()
    if not folder.exists():
        return card
    identity = identify_local(store.names(), folder, card.id)
    known = store.find_cards(datasets=[identity.id])[1] if card.domain is None else ()
    domain = known[0].domain if known else card.domain
    changes = {"id": identity.id, "aliases": identity.aliases, "domain": domain}
    return DatasetCard.model_validate({**card.model_dump(), **changes})


def known_model(store: RecordStore, card: ModelCard) -> tuple[str, tuple[ModelCard, ...]]:
    """Return the id under which the store knows these weights, and the card if it is to be added."""
    return known_in(store.names(), card)


def known_in(names: NameIndex, card: ModelCard) -> tuple[str, tuple[ModelCard, ...]]:
    """Return what :func:`known_model` does, by the names of a store.

    The id says which weights they are. What else they are called may mean others in the store: an architecture alone
    can be somebody's own weights there. A folder of an encoder that is called like one that the store knows is taken
    for it.
    """
    if (published := named_in_full(names, card)) is not None:
        return published, ()
    models = names.models.get(card.id, ())
    if card.id not in models and len(models) == 1:
        return models[0], ()
    return card.id, () if models else (card,)


def describe_source(model: PretrainedModel, task: LabelledTask, sample: str = "") -> str:
    """Return the source of a record: what was run, and the content that it was run on, or what sample of it."""
    samples = f"{task.samples_word} {task.digest[:12]}{sample and f', {sample}'}"
    return own_source(version("zoograph"), model.digest[:12], samples)

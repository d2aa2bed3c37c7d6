"""Under which names own models and datasets are stored."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from zoograph.data.images.task import ImageTask
from zoograph.data.networks.weights import PretrainedModel
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.store.store import RecordStore
from zoograph.training.measuring.subject import _LONGEST_NAME


def place_in_store(store: RecordStore, card: DatasetCard, dataset: str) -> DatasetCard:
    """Return the card under the name by which the store is to know it.

    A folder is known by its path: the one that was looked at before keeps its id, and a new one whose name is
    taken gets its path as id. Other datasets are known by their names.
    """
    folder = Path(dataset).expanduser()
    if not folder.exists():
        return card
    path = str(folder.resolve())
    names = store.names()
    taken = card.id in names.datasets or card.id in names.families
    id = next(iter(names.datasets.get(path, ())), path if taken else card.id)
    aliases = (path,) if len(path) <= _LONGEST_NAME and id != path else ()
    return DatasetCard.model_validate({**card.model_dump(), "id": id, "aliases": aliases})


def known_model(store: RecordStore, card: ModelCard) -> tuple[str, tuple[ModelCard, ...]]:
    """Return the id under which the store knows these weights, and the card if it is to be added."""
    models = store.names().models
    for name in (card.id, *card.aliases):
        if len(models.get(name, ())) == 1:
            return models[name][0], ()
    return card.id, (card,)


def describe_source(model: PretrainedModel, task: ImageTask) -> str:
    """Return the source of a record: what was run, and the content that it was run on."""
    return f"zoograph {version('zoograph')}, weights {model.digest[:12]}, images {task.digest[:12]}"

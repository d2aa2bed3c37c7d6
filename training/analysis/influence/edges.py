"""Influences of source classes as records of the store, which become edges of the graph."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from zoograph.data.collections.glyphs.models import CORPORA
from zoograph.data.collections.glyphs.plan import full_plan
from zoograph.data.errors import ZoographError
from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.records import ClassInfluence
from zoograph.data.store.store import RecordStore
from zoograph.training.analysis.influence.estimate import Estimate, influence_rows
from zoograph.training.analysis.influence.small_tasks import SmallTask, open_images
from zoograph.training.measuring.store_names import place_in_store


def require_classes(unit: str) -> None:
    """Raise an error unless influences are those of classes.

    Raises:
        ZoographError: if they are those of single images.
    """
    if unit != "class":
        raise ZoographError(
            f"Influences of classes can be stored (got '--unit {unit}'). Leave out '--unit' or '--store'."
        )


def store_influences(
    source: str, target: str, known: SmallTask, wanted: SmallTask, estimates: Sequence[Estimate]
) -> list[ClassInfluence]:
    """Store what the classes of a source do to a target, with the cards of both; return the records.

    Args:
        source: what the models were pre-trained on, as it was named.
        target: what they were transferred to, likewise.
        known: the source.
        wanted: the target.
        estimates: one for each outcome, of classes.
    """
    with RecordStore.open() as store:
        corpus, dataset = (_card(store, name) for name in (source, target))
        same = {"corpus": corpus.id, "dataset": dataset.id, "source": f"zoograph {version('zoograph')}"}
        found = [ClassInfluence.model_validate({**row, **same}) for row in influence_rows(known, wanted, estimates)]
        store.add(datasets=[corpus, dataset], influences=found, origin="zoograph analyze influence")
    return found


def _card(store: RecordStore, name: str) -> DatasetCard:
    if name in CORPORA:
        return CORPORA[name].card()
    tasks = {task.id: task for task in full_plan().tasks}
    return tasks[name].card() if name in tasks else place_in_store(store, open_images(name).card, name)

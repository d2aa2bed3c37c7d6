"""Plans of ``score``, ``measure`` and ``relatedness``: the models and the dataset that somebody asks for."""

from __future__ import annotations

from collections.abc import Mapping

from zoograph.data.networks.timm_cards import model_card_from_timm
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.records import Protocol
from zoograph.data.records.spellings import Target
from zoograph.data.store.store import RecordStore
from zoograph.data.tasks.task import LabelledTask
from zoograph.training.campaigns.plan import Plan, Planned, make_plan
from zoograph.training.executors.executor import Where
from zoograph.training.measuring.store_names import place_in_store
from zoograph.training.measuring.subject import Subject

_TEST_FRACTION = 0.3


def plan_own(
    subject: Subject,
    speeds: Mapping[str, float],
    where: Where,
    protocol: Protocol | None = None,
    seeds: int = 1,
    epochs: int = 0,
    others: int = 0,
) -> Plan:
    """Return what looking at a dataset with each model will take; no image is decoded and nothing is stored.

    What the store has of a model on the same samples counts as done.

    Args:
        subject: models and dataset.
        speeds: model -> images a second of a forward pass.
        where: it is to run.
        protocol: that is measured; None for scores.
        seeds: runs of each model.
        epochs: of fine-tuning.
        others: images of a reference that is looked at, too.
    """
    task = subject.open(tuple(Target))
    with RecordStore.open(to_read=True) as store:
        known, names = store.cards()[0], store.names()
        done = _done(store, place_in_store(store, task.card, subject.dataset).id, task, protocol)
    held = sum(task.is_test) if task.is_test is not None else round(_TEST_FRACTION * len(task))
    planned = []
    for name in subject.models:
        ids = names.models.get(name, ())
        card = known.get(ids[0]) if len(ids) == 1 or name in ids else model_card_from_timm(name)
        card = card or ModelCard(id=name, source="not known")
        for seed in range(seeds):
            there = (card.id, None if protocol is None else seed) in done
            planned.append(Planned(card, len(task) + others, len(task) - held, len(task.classes), there, epochs))
    slots = 1 if where.kind.value == "local" else where.processes
    return make_plan(planned, speeds, slots, own_weights=subject.weights is not None)


def _done(
    store: RecordStore, dataset: str, task: LabelledTask, protocol: Protocol | None
) -> set[tuple[str, int | None]]:
    """Return models, and seeds, of the records that were made of the same samples."""
    samples = f"{task.samples_word} {task.digest[:12]}"
    if protocol is None:
        scores = store.snapshot().scores
        rows = scores.loc[(scores["dataset"] == dataset) & scores["source"].str.contains(samples, regex=False), "model"]
        return {(str(model), None) for model in rows}
    runs = (run for run in store.runs_of(datasets=[dataset]) if run.protocol is protocol and run.shots is None)
    return {(run.model, run.seed) for run in runs if samples in run.source}

"""Plans of ``score``, ``measure`` and ``relatedness``: the models and the dataset that somebody asks for."""

from __future__ import annotations

from collections.abc import Mapping

from zoograph.data.errors import ZoographError
from zoograph.data.networks.encoders import load_reader
from zoograph.data.networks.timm_cards import model_card_from_timm
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.naming.spellings import Target
from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore
from zoograph.data.tasks.task import LabelledTask
from zoograph.training.campaigns.plan import Plan, Planned, make_plan
from zoograph.training.executors.executor import Where
from zoograph.training.measuring.store_names import describe_source, place_in_store
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

    What the store has of a model on the same samples counts as done; where weights are given, what it has of these
    weights alone, for which they are loaded.

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
        cards, names = store.cards()[0], store.names()
        done = _done(store, place_in_store(store, task.card, subject.dataset).id, protocol)
    held = sum(task.is_test) if task.is_test is not None else round(_TEST_FRACTION * len(task))
    planned = []
    for name in subject.models:
        ids = names.models.get(name, ())
        card = cards.get(ids[0]) if len(ids) == 1 or name in ids else model_card_from_timm(name)
        card = card or ModelCard(id=name, source="not known")
        there = _seeds_of(done, subject, name, card.id, task)
        for seed in range(seeds):
            known = (None if protocol is None else seed) in there
            planned.append(Planned(card, len(task) + others, len(task) - held, len(task.classes), known, epochs))
    slots = 1 if where.kind.value == "local" else where.processes
    return make_plan(planned, speeds, slots, own_weights=subject.weights is not None)


def _done(store: RecordStore, dataset: str, protocol: Protocol | None) -> dict[tuple[str, str], set[int | None]]:
    """Return model and source of the records of a dataset -> their seeds; scores have none."""
    found: dict[tuple[str, str], set[int | None]] = {}
    if protocol is None:
        scores = store.snapshot().scores
        rows = scores.loc[scores["dataset"] == dataset, ["model", "source"]].drop_duplicates()
        return {(str(model), str(source)): {None} for model, source in rows.itertuples(index=False)}
    for run in store.runs_of(datasets=[dataset]):
        if run.protocol is protocol and run.shots is None:
            found.setdefault((run.model, run.source), set()).add(run.seed)
    return found


def _seeds_of(
    done: Mapping[tuple[str, str], set[int | None]], subject: Subject, name: str, model: str, task: LabelledTask
) -> set[int | None]:
    """Return the seeds of the records of a model, or of the weights that were given for it, on the same samples."""
    own = None if subject.weights is None else _describe_weights(subject, name, task)
    content = own or f"{task.samples_word} {task.digest[:12]}"
    same = [seeds for (id, source), seeds in done.items() if content in source and (own or id == model)]
    return set().union(*same)


def _describe_weights(subject: Subject, name: str, task: LabelledTask) -> str:
    """Return the part of a source that names weights and samples; what cannot be loaded is of no record."""
    try:
        model = load_reader(name, subject.weights, len(subject.models) == 1, task.modality, task.card.id)
    except ZoographError:
        return "weights that cannot be loaded"
    return describe_source(model, task).partition(", ")[2]

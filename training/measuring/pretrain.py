"""Pre-training: networks are trained on a source dataset, and their weights kept for everything that takes weights."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from zoograph.data.files.kept import keep_tensors
from zoograph.data.home import make_home
from zoograph.data.networks.weight_files import weight_file_name
from zoograph.data.networks.weights import RANDOM, PretrainedModel, load_pretrained
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.pretraining import Lineage, LineageKind, Objective
from zoograph.data.store.store import RecordStore
from zoograph.data.tasks.task import LabelledTask
from zoograph.training.measuring.each_model import Asked, look_with_each
from zoograph.training.measuring.finetuning.finetune import FinetuneConfig
from zoograph.training.measuring.measure import measure_finetune_on, readable_part, suited
from zoograph.training.measuring.store_names import place_in_store
from zoograph.training.measuring.subject import Failure, Subject
from zoograph.training.runtime.progress import Progress


@dataclass(frozen=True)
class SourceModel:
    """A network that was trained on the source.

    Attributes:
        name: as it was asked for.
        id: of its new weights, in the store.
        accuracy: top-1 on the source's test images, in [0, 1].
        file: with its new weights.
    """

    name: str
    id: str
    accuracy: float
    file: Path


@dataclass(frozen=True)
class Pretraining:
    """What was trained on a source.

    Attributes:
        source: id of the dataset in the store.
        digest: of its images and labels.
        folder: with one file of weights a model, as ``--weights`` takes it.
        models: those that did not fail.
        failures: the others.
    """

    source: str
    digest: str
    folder: Path
    models: tuple[SourceModel, ...]
    failures: tuple[Failure, ...]


def pretrain_models(
    subject: Subject,
    config: FinetuneConfig | None = None,
    test_fraction: float = 0.3,
    progress: Progress | None = None,
) -> Pretraining:
    """Train models on a source dataset, and keep weights and cards.

    Models begin with the weights that the subject says. Random ones have no layers to spare, so that all are trained
    alike: without a head first and without a decay of the learning rate. What is in the folder already is not trained
    again, and what was interrupted goes on from its last epoch.

    Args:
        subject: models and source.
        config: of the training.
        test_fraction: of each class, to measure the accuracy on the source, where it has no test images of its own.
        progress: called with (epochs done, epochs at most), over all models.

    Raises:
        ZoographError: if the source cannot be read.
    """
    task = subject.open()
    config = suited(config, task)
    task = readable_part(task, {})
    if subject.weights == RANDOM:
        config = replace(config, head_first=False, layer_decay=1.0)
    folder = _folder(task, config, test_fraction, subject.weights)
    with RecordStore.open() as store:
        dataset = place_in_store(store, task.card, subject.dataset)

        models: dict[int, SourceModel] = {}

        def take(place: int, trained: tuple[ModelCard, float]) -> None:
            name, (begun, accuracy) = subject.models[place], trained
            path = folder / weight_file_name(name)
            card = _card(load_pretrained(name, path).card, begun, dataset, accuracy, subject.weights == RANDOM)
            store.add(models=[card], datasets=[dataset])
            models[place] = SourceModel(name, card.id, accuracy, path)

        asked = [
            Asked(place, _Training(config, test_fraction, str(subject.place()), folder / weight_file_name(name)))
            for place, name in enumerate(subject.models)
        ]
        failures = look_with_each(subject, task, _train, asked, take, store, progress=progress)
    trained = tuple(models[place] for place in sorted(models))
    return Pretraining(dataset.id, task.digest, folder, trained, tuple(failures))


class _Training(NamedTuple):
    """How a model is trained, and where its weights are kept."""

    config: FinetuneConfig
    test_fraction: float
    place: str
    path: Path


def _folder(task: LabelledTask, config: FinetuneConfig, test_fraction: float, weights: str | None) -> Path:
    """Return where the weights are kept: another folder for other images, settings or weights to begin with."""
    parts = [task.digest, asdict(config), test_fraction, weights]
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]
    return make_home() / "pretrained" / f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', task.card.id)[:40]}-{key}"


def _train(
    model: PretrainedModel, task: LabelledTask, how: _Training, progress: Progress | None
) -> tuple[ModelCard, float]:
    """Train one model unless its file is there; return its card and its accuracy on the source's test images."""

    def compute() -> tuple[dict[str, Tensor], dict[str, Any]]:
        tuned: dict[str, Tensor] = {}
        result = measure_finetune_on(model, task, how.test_fraction, 0, how.config, how.place, progress, tuned.update)
        return tuned, {"begun_as": model.digest, "accuracy": result.accuracy}

    _, about = keep_tensors(how.path, compute)
    if about["begun_as"] != model.digest:  # the name means other weights by now
        how.path.unlink()
        _, about = keep_tensors(how.path, compute)
    return model.card, float(about["accuracy"])


def _card(new: ModelCard, begun: ModelCard, source: DatasetCard, accuracy: float, is_random: bool) -> ModelCard:
    chain = () if is_random else (Lineage(kind=LineageKind.FINE_TUNED, model=begun.id),)
    known = {
        "source": f"trained on {source.id}",
        "pretrained_on": source.id,
        "corpora": (*begun.trained_on, source.id),
        "source_accuracy": accuracy,
        "objective": Objective.SUPERVISED,
        "derived_from": chain,
    }
    return ModelCard.model_validate({**new.model_dump(), **known})

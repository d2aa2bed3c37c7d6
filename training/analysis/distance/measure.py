"""Parameter distance of a user's own pair: fine-tuned as `measure` does it, its checkpoints kept, log T stored."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor, nn

from zoograph.data.errors import ZoographError
from zoograph.data.files.kept import keep_tensors
from zoograph.data.files.tensors import load_tensors, read_about, save_tensors
from zoograph.data.home import make_home, require_writable
from zoograph.data.networks.timm_cards import model_card_from_timm
from zoograph.data.networks.weights import (
    PretrainedModel,
    empty_network,
    load_pretrained,
    random_network,
)
from zoograph.data.records.records import PARAMETER_DISTANCE, Protocol, Run, Score
from zoograph.data.store.store import RecordStore
from zoograph.data.tasks.task import LabelledTask
from zoograph.training.analysis.distance.compare import AS_PUBLISHED, DistanceReport, How, compare_states
from zoograph.training.analysis.kept_folders import checkpoints_folder
from zoograph.training.measuring.finetuning.finetune import FinetuneConfig
from zoograph.training.measuring.measure import measure_models
from zoograph.training.measuring.store_names import known_model, place_in_store
from zoograph.training.measuring.subject import Subject
from zoograph.training.runtime.progress import Progress

_PRETRAINED, _FINETUNED = "pretrained.safetensors", "finetuned.safetensors"
_log = logging.getLogger(__name__)


def measure_distance(
    subject: Subject,
    how: How = AS_PUBLISHED,
    seed: int = 0,
    test_fraction: float = 0.3,
    config: FinetuneConfig | None = None,
    progress: Progress | None = None,
) -> DistanceReport:
    """Fine-tune a model as ``measure`` does, keep the three checkpoints, compare them and store log T.

    The checkpoints are in the folder ``checkpoints`` of the home. Where they are already, nothing is trained. log T
    is stored if it is finite, and of the published kind: blocks, mean absolute difference.

    Args:
        subject: one model and a dataset.
        how: blocks and distance.
        seed: of the random weights. That of fine-tuning is 0.
        test_fraction: of each class, in (0, 1), if the dataset has no split of its own.
        config: of fine-tuning.
        progress: called with (epochs done, epochs at most).

    Raises:
        ZoographError: if the dataset cannot be read, or the model cannot be had or fine-tuned.
    """
    # Compared are weights after an epoch: a head that no epoch was better than would not have moved.
    config = config or FinetuneConfig(head_first=False)
    task = subject.open()
    (name,) = subject.models
    model = load_pretrained(name, subject.weights)
    if model_card_from_timm(name) is None:  # another library's name for weights that timm has
        name = str(model.card.timm_name)
    require_writable(make_home())
    folder = checkpoints_folder() / _key(model, task, test_fraction, config)
    kept = _read(folder)
    if kept is None:
        report = measure_models(
            subject, Protocol.FINETUNE, 1, test_fraction, config, progress, lambda *parts: _keep(folder, *parts)
        )
        for failure in report.failures:
            raise ZoographError(failure.reason)
        kept = _read(folder)
        assert kept is not None  # a run is kept before it is stored
    random = _draw(folder / f"random-{seed}.safetensors", name, model.network, seed)
    states = {"random": random, "pretrained": kept.pretrained, "finetuned": kept.finetuned}
    answer = compare_states(name, model.network, states, how)
    stored = how == AS_PUBLISHED and seed == 0 and answer.log_transferability is not None
    _store(subject, model, task, kept.run, answer.log_transferability if stored else None)
    return answer.model_copy(
        update={
            "model": kept.run.model,
            "dataset": kept.run.dataset,
            "accuracy": kept.run.value,
            "folder": str(folder),
            "is_stored": stored,
        }
    )


def find_distance(model: str, dataset: str) -> DistanceReport | None:
    """Return what :func:`measure_distance` would say of a pair of the store whose checkpoints are kept; else None."""
    for path in sorted(checkpoints_folder().glob(f"*/{_FINETUNED}")):
        try:
            run = Run.model_validate(read_about(path)["run"])
        except (ValueError, KeyError, FileNotFoundError) as error:
            _log.warning("The checkpoint '%s' is damaged and passed over: %s.", path, error)
            continue
        kept = _read(path.parent) if (run.model, run.dataset) == (model, dataset) else None
        drawn = next(iter(sorted(path.parent.glob("random-*.safetensors"))), None)
        if kept is not None and drawn is not None:
            random, about = load_tensors(drawn)
            states = {"random": random, "pretrained": kept.pretrained, "finetuned": kept.finetuned}
            known = {"model": model, "dataset": dataset, "accuracy": run.value, "folder": str(path.parent)}
            return compare_states(model, empty_network(about["model"]), states, How()).model_copy(update=known)
    return None


def _key(model: PretrainedModel, task: LabelledTask, test_fraction: float, config: FinetuneConfig) -> str:
    parts = [repr(model.transform), task.card.id, task.digest, test_fraction, asdict(config)]
    return f"{model.digest[:16]}-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]}"


class _Kept(NamedTuple):
    """A run and the weights that it began and ended with."""

    run: Run
    pretrained: dict[str, Tensor]
    finetuned: dict[str, Tensor]


def _keep(folder: Path, model: PretrainedModel, run: Run, tuned: dict[str, Tensor], _: Sequence[str]) -> None:
    """Write both checkpoints, the one with the run last: where it is, both are whole."""
    save_tensors(folder / _PRETRAINED, model.network.state_dict(), {"model": run.model})
    save_tensors(folder / _FINETUNED, tuned, {"run": run.model_dump(mode="json")})


def _read(folder: Path) -> _Kept | None:
    """Return what was kept in a folder; None if it is not there, or damaged."""
    try:
        pretrained, _ = load_tensors(folder / _PRETRAINED)
        finetuned, about = load_tensors(folder / _FINETUNED)
        return _Kept(Run.model_validate(about["run"]), pretrained, finetuned)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError) as error:
        _log.warning("The checkpoints in '%s' are damaged, and fine-tuning starts anew: %s.", folder, error)
        return None


def _draw(path: Path, name: str, network: nn.Module, seed: int) -> Mapping[str, Tensor]:
    """Return the random weights of a file, which is made if it is not there or damaged."""

    def compute() -> tuple[dict[str, Tensor], dict[str, Any]]:
        drawn = random_network(name, seed, int(getattr(network, "num_classes", 0))).state_dict()
        return drawn, {"model": name, "seed": seed}

    return keep_tensors(path, compute)[0]


def _store(subject: Subject, model: PretrainedModel, task: LabelledTask, run: Run, value: float | None) -> None:
    """Store log T, and the run, which an interrupted call may not have come to."""
    with RecordStore.open() as store:
        card = place_in_store(store, task.card, subject.dataset).model_copy(update={"id": run.dataset})
        cards = [] if run.dataset in store.names().datasets else [card]
        scores = []
        if value is not None:
            pair = {"source": run.source, "model": run.model, "dataset": run.dataset}
            scores = [Score(**pair, name=PARAMETER_DISTANCE, value=value)]
        store.add(models=known_model(store, model.card)[1], datasets=cards, runs=[run], scores=scores)

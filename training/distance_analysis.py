"""Parameter distance of a user's own models: three checkpoints, or a model and a dataset from which they are made."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from zoograph.data.errors import ZoographError
from zoograph.data.home import make_home, require_writable
from zoograph.data.images import ImageTask
from zoograph.data.model_weights import (
    PretrainedModel,
    WeightsError,
    empty_network,
    load_pretrained,
    random_network,
    read_safetensors,
)
from zoograph.data.network_blocks import Grouping, network_blocks
from zoograph.data.records import PARAMETER_DISTANCE, Protocol, Run, Score
from zoograph.data.store import RecordStore
from zoograph.data.tensor_file import load_tensors, read_about, save_tensors
from zoograph.graphs.scores.parameter_distance import Norm, parameter_distance
from zoograph.training.finetune import FinetuneConfig
from zoograph.training.measuring import measure_models
from zoograph.training.own_pairs import Progress, Subject, known_model, place_in_store

_PRETRAINED, _FINETUNED = "pretrained.safetensors", "finetuned.safetensors"
_log = logging.getLogger(__name__)

States = Mapping[str, Mapping[str, Tensor]]


class Block(BaseModel):
    """A block, its distances from the fine-tuned weights, and their ratio T, which may be infinite."""

    model_config = ConfigDict(ser_json_inf_nan="strings")

    name: str
    from_random: float
    from_pretrained: float
    ratio: float


class How(NamedTuple):
    """What is compared: how fine the blocks are, and by which distance."""

    grouping: Grouping = Grouping.BLOCKS
    norm: Norm = Norm.L1


AS_PUBLISHED = How()


class Answer(BaseModel):
    """What is known of one pair.

    Attributes:
        model: name or id.
        dataset: id in the store; None for checkpoints that were given.
        blocks: from the images to the features.
        head: the classifier, which does not count; None where it is left out.
        head_note: why it is.
        transferability: T, mean over the blocks; infinite if a block did not move.
        log_transferability: natural logarithm of T; None where T is infinite.
        unmoved: blocks that did not move.
        accuracy: top-1 after fine-tuning, in [0, 1]; None for checkpoints that were given.
        folder: where the three checkpoints are; None likewise.
        is_stored: whether log T is a score of the store.
    """

    model_config = ConfigDict(ser_json_inf_nan="strings")

    model: str
    dataset: str | None = None
    blocks: list[Block]
    head: Block | None
    head_note: str | None
    transferability: float
    log_transferability: float | None
    unmoved: list[str]
    accuracy: float | None = None
    folder: str | None = None
    is_stored: bool = False


def compare_checkpoints(name: str, files: Mapping[str, Path], how: How = AS_PUBLISHED) -> Answer:
    """Compare three safetensors files of one architecture.

    Args:
        name: the architecture, which timm knows.
        files: the files of the ``random``, ``pretrained`` and ``finetuned`` weights.
        how: blocks and distance.

    Raises:
        UnknownName: if timm has no such model.
        WeightsError: if a file cannot be read, is of another architecture, or holds what is no number.
    """
    network = empty_network(name)
    states = {role: read_safetensors(files[role]) for role in ("random", "pretrained", "finetuned")}
    known = network.state_dict().keys()
    needed = [weight for weights in network_blocks(network).blocks.values() for weight in weights]
    for role, state in states.items():
        strange = next((weight for weight in state if weight not in known), None)
        absent = next((weight for weight in needed if weight not in state), None)
        if strange is not None or absent is not None:
            got = f"'{strange}', which that has not" if strange is not None else f"nothing for '{absent}'"
            raise WeightsError(
                f"The checkpoint '{files[role]}' must be of the architecture '{name}' (got {got}). "
                "Name the one architecture of all three with --model."
            )
    for weight in needed:
        shapes = {role: tuple(state[weight].shape) for role, state in states.items()}
        if len(set(shapes.values())) > 1:
            raise WeightsError(
                f"The three checkpoints must be of one architecture (got '{weight}' as "
                f"{', '.join(f'{shape} in {role}' for role, shape in shapes.items())}). Choose others."
            )
    return _compare(name, network, states, how)


def _compare(name: str, network: nn.Module, states: States, how: How) -> Answer:
    found = network_blocks(network, how.grouping)
    three = (states["random"], states["pretrained"], states["finetuned"])
    try:
        distance = parameter_distance(*three, found.blocks, found.head, how.norm)
    except ValueError as error:
        raise WeightsError(f"The weights of '{name}' cannot be compared (got: {error}). Choose others.") from error
    blocks = [Block(**block._asdict(), ratio=block.ratio) for block in distance.blocks]
    head = distance.head
    return Answer(
        model=name,
        blocks=blocks,
        head=head and Block(**head._asdict(), ratio=head.ratio),
        head_note=None if head else _why_left_out(found.head, three),
        transferability=distance.transferability,
        log_transferability=distance.log_transferability,
        unmoved=list(distance.unmoved),
    )


def _why_left_out(head: tuple[str, ...], states: Sequence[Mapping[str, Tensor]]) -> str:
    if not head:
        return "the architecture has none"
    sizes = [str(len(state[head[0]])) if head[0] in state else "no" for state in states]
    return f"the three have {', '.join(sizes[:2])} and {sizes[2]} classes"


def measure_distance(
    subject: Subject,
    how: How = AS_PUBLISHED,
    seed: int = 0,
    test_fraction: float = 0.3,
    config: FinetuneConfig | None = None,
    progress: Progress | None = None,
) -> Answer:
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
    task = subject.open()
    (name,) = subject.models
    model = load_pretrained(name, subject.weights)
    require_writable(make_home())
    folder = _checkpoints() / _key(model, task, test_fraction, config or FinetuneConfig())
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
    answer = _compare(name, model.network, states, how)
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


def find_distance(model: str, dataset: str) -> Answer | None:
    """Return what :func:`measure_distance` would say of a pair of the store whose checkpoints are kept; else None."""
    for path in sorted(_checkpoints().glob(f"*/{_FINETUNED}")):
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
            return _compare(model, empty_network(about["model"]), states, How()).model_copy(update=known)
    return None


def _checkpoints() -> Path:
    return make_home() / "checkpoints"


def _key(model: PretrainedModel, task: ImageTask, test_fraction: float, config: FinetuneConfig) -> str:
    parts = [repr(model.transform), task.card.id, task.digest, test_fraction, asdict(config)]
    return f"{model.digest[:16]}-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]}"


class _Kept(NamedTuple):
    """A run and the weights that it began and ended with."""

    run: Run
    pretrained: dict[str, Tensor]
    finetuned: dict[str, Tensor]


def _keep(folder: Path, model: PretrainedModel, run: Run, tuned: dict[str, Tensor]) -> None:
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
    try:
        return load_tensors(path)[0]
    except (FileNotFoundError, ValueError):
        drawn = random_network(name, seed, int(getattr(network, "num_classes", 0))).state_dict()
        save_tensors(path, drawn, {"model": name, "seed": seed})
        return drawn


def _store(subject: Subject, model: PretrainedModel, task: ImageTask, run: Run, value: float | None) -> None:
    """Store log T, and the run, which an interrupted call may not have come to."""
    with RecordStore.open() as store:
        card = place_in_store(store, task.card, subject.dataset).model_copy(update={"id": run.dataset})
        cards = [] if run.dataset in store.names().datasets else [card]
        scores = []
        if value is not None:
            pair = {"source": run.source, "model": run.model, "dataset": run.dataset}
            scores = [Score(**pair, name=PARAMETER_DISTANCE, value=value)]
        store.add(models=known_model(store, model.card)[1], datasets=cards, runs=[run], scores=scores)

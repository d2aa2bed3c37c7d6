"""The work of the glyph zoo in pieces: each reads what earlier stages left, and leaves one file."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from zoograph.data.collections.glyphs.models import to_input
from zoograph.data.collections.glyphs.plan import GlyphPlan
from zoograph.data.collections.glyphs.tasks import GlyphTask, Pool, make_pool
from zoograph.data.errors import ZoographError
from zoograph.data.files.facts import load_facts, save_facts
from zoograph.data.files.tensors import load_tensors, save_tensors
from zoograph.data.networks.features import extract
from zoograph.graphs.scores.compute import compute_scores
from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.undefined import UndefinedScore
from zoograph.training.measuring.finetuning.finetune import FinetuneConfig, FinetuneResult, Keep, measure_finetune
from zoograph.training.measuring.head import measure_head
from zoograph.training.runtime.threads import one_thread
from zoograph.training.studies.glyph_zoo.relations import relate_datasets
from zoograph.training.studies.glyph_zoo.sources import measure_accuracy, train_source

_FEATURE_BATCH = 256

Names = tuple[str, ...]
Tensors = dict[str, Tensor]
Facts = dict[str, Any]


@dataclass(frozen=True)
class GlyphFiles:
    """The files of a plan. One that is there is finished.

    Attributes:
        plan: what is measured.
        folder: holds one folder a stage.
    """

    plan: GlyphPlan
    folder: Path

    def path(self, stage: str, names: Names) -> Path:
        """Return where a piece of work leaves its file: tensors, or rows of results."""
        return self.folder / stage / f"{'--'.join(names)}{STAGES[stage].ending}"

    def require(self, *stages: str) -> None:
        """Ask for stages that a study reads.

        Raises:
            ZoographError: if one of them has not begun.
        """
        missing = [name for name in stages if not (self.folder / name).is_dir()]
        if missing:
            raise ZoographError(
                f"The study needs the files of the glyph zoo (got none of {', '.join(missing)}). "
                "Make them first: zoograph zoo measure glyphs."
            )

    def read_tensors(self, stage: str, *names: str) -> tuple[Tensors, Facts]:
        """Return the tensors of a finished piece of work, and what is known of them."""
        return self._read(load_tensors, stage, names)

    def read_facts(self, stage: str, *names: str) -> Facts:
        """Return the results of a finished piece of work."""
        return self._read(load_facts, stage, names)

    def _read(self, read: Callable[[Path], Any], stage: str, names: Names) -> Any:
        path = self.path(stage, names)
        try:
            return read(path)
        except (OSError, ValueError) as error:
            raise ZoographError(
                f"'{path}' must be as the glyph zoo left it (got: {error}). Remove it and start again."
            ) from error


class Stage(NamedTuple):
    """A kind of work.

    Attributes:
        ending: of the files: ``.safetensors`` or ``.json``.
        pieces: the names of its pieces in a plan.
        work: makes one piece: tensors, and facts about them.
    """

    ending: str
    pieces: Callable[[GlyphPlan], list[Names]]
    work: Callable[..., tuple[Tensors, Facts]]


def do_piece(files: GlyphFiles, stage: str, names: Names) -> None:
    """Do one piece of work on one thread and leave its file, with the seconds that it took."""
    started = time.perf_counter()
    with one_thread():
        tensors, facts = STAGES[stage].work(files, *names)
    facts = {**facts, "seconds": round(time.perf_counter() - started, 3)}
    path = files.path(stage, names)
    path.parent.mkdir(parents=True, exist_ok=True)
    if STAGES[stage].ending == ".json":
        save_facts(path, facts)
    else:
        save_tensors(path, tensors, facts)


def _draw_corpus(files: GlyphFiles, name: str) -> tuple[Tensors, Facts]:
    tensors: Tensors = {}
    for part in ("train", "test"):
        images, labels = files.plan.corpora[name].draw(part)
        tensors |= {f"{part}_images": torch.from_numpy(images), f"{part}_labels": torch.from_numpy(labels)}
    return tensors, {}


def _draw_pool(files: GlyphFiles, domain: str) -> tuple[Tensors, Facts]:
    pool = make_pool(domain, files.plan.tasks)
    arrays = {
        "images": pool.images,
        "characters": np.array([ord(character) for character in pool.characters.tolist()]),
        "ranks": pool.ranks,
        "is_test": pool.is_test,
    }
    return {name: torch.from_numpy(array) for name, array in arrays.items()}, {}


def read_pool(files: GlyphFiles, domain: str) -> Pool:
    """Return the finished pool of a domain."""
    tensors, _ = files.read_tensors("pools", domain)
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    return Pool(**{**arrays, "characters": np.array([chr(code) for code in arrays["characters"].tolist()])})


def _train_source(files: GlyphFiles, name: str) -> tuple[Tensors, Facts]:
    model = files.plan.model(name)
    corpus, _ = files.read_tensors("corpora", model.corpus.name)
    network = train_source(model, to_input(corpus["train_images"].numpy()), corpus["train_labels"], files.plan.seed)
    accuracy = measure_accuracy(network, to_input(corpus["test_images"].numpy()), corpus["test_labels"])
    return network.state_dict(), {"accuracy": accuracy}


def read_network(files: GlyphFiles, name: str) -> nn.Module:
    """Return a finished source model."""
    network = files.plan.model(name).create()
    network.load_state_dict(files.read_tensors("sources", name)[0])
    return network


def _probe_source(files: GlyphFiles, name: str) -> tuple[Tensors, Facts]:
    """See the source task through a model: the first held-out images of every source class."""
    corpus = files.plan.model(name).corpus
    tensors, _ = files.read_tensors("corpora", corpus.name)
    ranks = torch.arange(len(tensors["test_labels"])) % corpus.test_per_class
    rows = ranks < files.plan.probe_per_class
    features, _ = _see(files, name, tensors["test_images"][rows])
    return {"features": features, "labels": tensors["test_labels"][rows]}, {}


def _extract_features(files: GlyphFiles, name: str, domain: str) -> tuple[Tensors, Facts]:
    features, probabilities = _see(files, name, torch.from_numpy(read_pool(files, domain).images))
    return {"features": features, "probabilities": probabilities}, {}


def _see(files: GlyphFiles, name: str, images: Tensor) -> tuple[Tensor, Tensor]:
    batches = (to_input(batch.numpy()) for batch in images.split(_FEATURE_BATCH))
    features, probabilities = extract(read_network(files, name), batches)
    assert probabilities is not None  # every source model keeps its classifier
    return features, probabilities


def _measure_heads(files: GlyphFiles, name: str, domain: str) -> tuple[Tensors, Facts]:
    seen, _ = files.read_tensors("features", name, domain)
    pool, rows = read_pool(files, domain), []
    for task in files.plan.tasks_of(domain):
        sides = [(seen["features"][side], _targets(pool, task, side)) for side in pool.rows(task)]
        result = measure_head(*sides[0], *sides[1], seed=files.plan.seed)
        sizes = {"train_size": result.num_train, "test_size": result.num_test}
        rows.append({"dataset": task.id, "value": result.accuracy, **sizes, "hyperparameters": {"l2": result.l2}})
    return {}, {"runs": rows}


def _compute_scores(files: GlyphFiles, name: str, domain: str) -> tuple[Tensors, Facts]:
    """Score a model on the training images of the tasks of a domain: what is known before a transfer."""
    seen, _ = files.read_tensors("features", name, domain)
    probe, _ = files.read_tensors("probes", name)
    pool, scores, undefined = read_pool(files, domain), {}, {}
    for task in files.plan.tasks_of(domain):
        train, _ = pool.rows(task)
        inputs = ScoreInputs(
            features=seen["features"][train],
            labels=_targets(pool, task, train),
            source_probabilities=seen["probabilities"][train],
            source_features=probe["features"],
            source_labels=probe["labels"],
        )
        values = compute_scores(inputs)
        scores[task.id] = {key: value for key, value in values.items() if not isinstance(value, UndefinedScore)}
        undefined[task.id] = {key: str(value) for key, value in values.items() if isinstance(value, UndefinedScore)}
    return {}, {"scores": scores, "undefined": undefined}


def finetune_pair(
    files: GlyphFiles, name: str, dataset: str, keep: Keep | None = None
) -> tuple[FinetuneResult, FinetuneConfig]:
    """Fine-tune a finished source model on a task; the same pair gives the same weights, which go to ``keep``."""
    task = files.plan.task(dataset)
    pool = read_pool(files, task.domain)
    sides = [(to_input(pool.images[side]), _targets(pool, task, side)) for side in pool.rows(task)]
    passes = ceil(files.plan.finetune_images / len(sides[0][1]))
    config = FinetuneConfig(
        max_epochs=min(max(passes, 8), 40), batch_size=32, learning_rate=1e-3, layer_decay=1.0, head_first=False
    )
    network, seed = read_network(files, name), files.plan.seed
    return measure_finetune(network, *sides[0], *sides[1], config, seed, keep=keep), config


def _finetune(files: GlyphFiles, name: str, dataset: str) -> tuple[Tensors, Facts]:
    result, config = finetune_pair(files, name, dataset)
    return {}, {
        "value": result.accuracy,
        "train_size": result.num_train,
        "test_size": result.num_test,
        "hyperparameters": asdict(config),
    }


def _relate(files: GlyphFiles, name: str) -> tuple[Tensors, Facts]:
    features, labels = {}, {}
    for domain in files.plan.domains:
        seen, _ = files.read_tensors("features", name, domain)
        pool = read_pool(files, domain)
        for task in files.plan.tasks_of(domain):
            train, _ = pool.rows(task)
            features[task.id] = seen["features"][train].double().numpy()
            labels[task.id] = pool.targets(task, train)
    return {}, {"relations": relate_datasets(features, labels)}


def _targets(pool: Pool, task: GlyphTask, rows: NDArray[np.int64]) -> Tensor:
    return torch.from_numpy(pool.targets(task, rows))


def _models(plan: GlyphPlan) -> list[Names]:
    return [(model.id,) for model in plan.models]


def _views(plan: GlyphPlan) -> list[Names]:
    return [(model.id, domain) for model in plan.models for domain in plan.domains]


STAGES: dict[str, Stage] = {
    "corpora": Stage(".safetensors", lambda plan: [(name,) for name in plan.corpora], _draw_corpus),
    "pools": Stage(".safetensors", lambda plan: [(domain,) for domain in plan.domains], _draw_pool),
    "sources": Stage(".safetensors", _models, _train_source),
    "probes": Stage(".safetensors", _models, _probe_source),
    "features": Stage(".safetensors", _views, _extract_features),
    "heads": Stage(".json", _views, _measure_heads),
    "finetuning": Stage(".json", lambda plan: list(plan.finetuned), _finetune),
    "relations": Stage(".json", lambda plan: [(plan.relating_model,)], _relate),
    "scores": Stage(".json", _views, _compute_scores),
}
"""What is done, in this order; to measure a stage anew, remove its folder."""

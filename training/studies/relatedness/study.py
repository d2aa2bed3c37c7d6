"""Task-relatedness measured on the glyph zoo: the work of the study, a file for each pair."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from zoograph.data.collections.glyphs.models import to_input
from zoograph.data.collections.glyphs.tasks import TRAIN_SIZES
from zoograph.data.files.kept import Facts, keep_tensors
from zoograph.data.networks.features import extract
from zoograph.data.tasks.stratified import stratified_sample
from zoograph.graphs.scores.compute import compute_scores
from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.relatedness.tasks import Task
from zoograph.graphs.scores.undefined import UndefinedScore
from zoograph.training.analysis.relatedness.relate import QUICK, Relatedness, Relating, Setting, relate_tasks, true_loss
from zoograph.training.analysis.relatedness.unlabelled import ROUNDS, agreement, relate_unlabelled
from zoograph.training.studies.glyph_zoo.study import GlyphStudy, Pair
from zoograph.training.studies.glyph_zoo.work import GlyphFiles, Tensors, read_network, read_pool

SHARES = (0.01, 0.05, 0.2, 1.0)
"""Shares of a target's training images that scores see; of no class fewer than two images."""

OTHERS = ("logme", "leep", "nce", "pactran_gauss", "pactran_dirichlet", "pactran_gamma", "ot_nce", "otce", "h_score")
_SPLIT = "b"
_CHECKED_ONE_IN = 6
_NUM_COMPARED = 5
_COMPARED_CLASSES = 8
_COMPARED_BATCH = 200
_REFERENCE_PER_CLASS = 100
_BATCH = 256
_TRAIN_SIZE = max(TRAIN_SIZES)


@dataclass(frozen=True)
class RelatednessStudy(GlyphStudy):
    """The bound of every ranked pair beside other scores, and of a few pairs in every setting."""

    needs = ("sources", "features", "heads")

    @property
    def targets(self) -> list[str]:
        """The targets that models are ranked on: of each domain and number of classes the largest task of a split."""
        tasks = self.files.plan.tasks
        return [task.id for task in tasks if task.train_per_class == _TRAIN_SIZE and task.split == _SPLIT]

    @property
    def pairs(self) -> list[Pair]:
        """Every model on every target, and what else was fine-tuned of tasks of that size."""
        plan = self.files.plan
        ranked = [(model.id, target) for target in self.targets for model in plan.models]
        return list(dict.fromkeys([*ranked, *self.finetuned]))

    @property
    def finetuned(self) -> list[Pair]:
        """The fine-tuned pairs on tasks with the most training images."""
        plan = self.files.plan
        return [pair for pair in plan.finetuned if plan.task(pair[1]).train_per_class == _TRAIN_SIZE]

    @property
    def pieces(self) -> dict[str, list[Pair]]:
        """The pairs of each kind of work: all ``pairs``, ``checks`` on a few targets, and a few ``settings``."""
        plan = self.files.plan
        few = [(model.id, target) for target in self.targets[::_CHECKED_ONE_IN] for model in plan.models]
        small = [(m, t) for m, t in self.pairs if len(plan.task(t).characters) <= _COMPARED_CLASSES]
        chosen = np.random.default_rng(plan.seed).permutation(len(small))[:_NUM_COMPARED]
        return {"pairs": self.pairs, "checks": few, "settings": [small[place] for place in chosen.tolist()]}

    def measure(self, kind: str, model: str, task: str) -> Facts:
        """Return the scores, checks or settings of a pair."""
        return _WORK[kind](_views(self, model, task), self.files, model, task)


def _score(views: _Views, files: GlyphFiles, model: str, target: str) -> Facts:
    """Score a pair on shares of the training images, and measure the bound and the true loss on the test images."""
    probe, _ = files.read_tensors("probes", model)
    shares = {}
    for share in SHARES:
        rows = _share(views.labels, share)
        x, y = views.target.features[rows], views.labels[rows]
        seen = Task(target, x, y, x, y)  # a score has the share alone, to learn and to measure on
        started = time.perf_counter()
        scores = {"relatedness": -relate_tasks(views.reference, seen, QUICK).bound.total}
        seconds = time.perf_counter() - started
        inputs = ScoreInputs(x, y, views.probabilities[rows], probe["features"], probe["labels"])
        found = compute_scores(inputs, OTHERS)
        scores |= {name: value for name, value in found.items() if not isinstance(value, UndefinedScore)}
        shares[str(share)] = {"images": len(rows), "seconds": seconds, "scores": scores}
    return {
        "head": _head_accuracy(files, model, target),
        "finetuned": _finetuned_accuracy(files, model, target),
        "classes": len(views.labels.unique()),
        "shares": shares,
        "bound": _describe(relate_tasks(views.reference, views.target, QUICK)),
        "true_loss": true_loss(views.target),
    }


def _check(views: _Views, files: GlyphFiles, model: str, target: str) -> Facts:
    """Relate a pair with all samples, with consistent costs, and without labels."""
    found = {
        name: _describe(relate_tasks(views.reference, views.target, how))
        for name, how in (
            ("quick", QUICK),
            ("full", Relating()),
            ("consistent", replace(QUICK, consistent=True)),
        )
    }
    for name, rounds in (("k-means", 0), ("iterated", ROUNDS)):
        guessed = relate_unlabelled(views.reference, views.target, len(views.labels.unique()), QUICK, rounds)
        found[name] = {
            "total": guessed.relatedness.bound.total,
            "agreement": agreement(guessed.labels, views.labels),
            "rounds": guessed.rounds,
        }
    return found


def _compare(views: _Views, files: GlyphFiles, model: str, target: str) -> Facts:
    """Measure the bound of a pair in every setting, the descents with the published number of iterations."""
    descent = replace(QUICK, batch_size=_COMPARED_BATCH)
    settings = {
        "fixed-all": replace(QUICK, setting=Setting.FIXED_ALL),
        "learned-a": replace(descent, setting=Setting.LEARNED_A),
        "learned-all": replace(descent, setting=Setting.LEARNED_ALL),
        "learned-all, rounded": replace(descent, setting=Setting.LEARNED_ALL, hard=True),
        "learned-all, matched and rounded": replace(descent, setting=Setting.LEARNED_ALL, matched=True, hard=True),
        "sparse": QUICK,
    }
    return {name: _describe(relate_tasks(views.reference, views.target, how)) for name, how in settings.items()}


_WORK = {"pairs": _score, "checks": _check, "settings": _compare}


def _describe(related: Relatedness) -> Facts:
    return {
        **related.bound._asdict(),
        "total": related.bound.total,
        "transplanted_loss": related.transplanted_loss,
        "transplanted_accuracy": related.transplanted_accuracy,
        "seconds": related.seconds,
    }


def _share(labels: Tensor, share: float) -> Tensor:
    """Return the rows of a stratified share of a balanced task, with two of each class at least."""
    size = max(round(share * len(labels)), 2 * len(labels.unique()))
    return torch.from_numpy(stratified_sample(labels, size))


class _Views(NamedTuple):
    """A pair: the model's own corpus as the reference, the target, its training labels and source probabilities."""

    reference: Task
    target: Task
    labels: Tensor
    probabilities: Tensor


def _views(study: RelatednessStudy, model: str, target: str) -> _Views:
    files = study.files
    task = files.plan.task(target)
    seen, _ = files.read_tensors("features", model, task.domain)
    pool = read_pool(files, task.domain)
    train, test = pool.rows(task)
    labels, held = (torch.from_numpy(pool.targets(task, rows)) for rows in (train, test))
    viewed = Task(target, seen["features"][train], labels, seen["features"][test], held)
    return _Views(_reference(study, model), viewed, labels, seen["probabilities"][train])


def _reference(study: RelatednessStudy, model: str) -> Task:
    """Return the images of the corpus of a model as it sees them, which are kept in a file."""
    path = study.folder / "references" / f"{model}.safetensors"
    seen, _ = keep_tensors(path, lambda: (_see_corpus(study.files, model), {"model": model}))
    return Task(study.files.plan.model(model).corpus.id, **seen)


def _see_corpus(files: GlyphFiles, model: str) -> Tensors:
    """See images of the corpus of a model through it: 100 training images a class, and all held-out ones."""
    source = files.plan.model(model)
    corpus, _ = files.read_tensors("corpora", source.corpus.name)
    network = read_network(files, model)
    kept = torch.arange(len(corpus["train_labels"])) % source.corpus.train_per_class < _REFERENCE_PER_CLASS
    images = {"features": corpus["train_images"][kept], "held_features": corpus["test_images"]}
    seen = {
        name: extract(network, (to_input(batch.numpy()) for batch in part.split(_BATCH)))[0]
        for name, part in images.items()
    }
    return {**seen, "labels": corpus["train_labels"][kept], "held_labels": corpus["test_labels"]}


def _head_accuracy(files: GlyphFiles, model: str, target: str) -> float:
    rows = files.read_facts("heads", model, files.plan.task(target).domain)["runs"]
    return next(row["value"] for row in rows if row["dataset"] == target)


def _finetuned_accuracy(files: GlyphFiles, model: str, target: str) -> float | None:
    return files.read_facts("finetuning", model, target)["value"] if (model, target) in files.plan.finetuned else None

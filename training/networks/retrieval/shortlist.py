"""The best models for a dataset out of all of a hub: candidates from an index, judged by the last layer's posterior."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from zoograph.graphs.schema import DATASET
from zoograph.graphs.stored.stored_graph import NodeTable
from zoograph.graphs.stored.thinned import RUNS_OF_MODEL, ThinnedGraph
from zoograph.models.conformal import NEW_DATASET, NEW_MODEL, calibrate
from zoograph.models.evidence.accuracy_logit import binomial_variance, expected_accuracy, to_accuracy
from zoograph.models.networks.two_towers import TwoTowers, measured_logits
from zoograph.models.retrieval.last_layer import (
    Evidence,
    Variances,
    dataset_shift,
    fit_variances,
    judge,
    model_shifts,
)
from zoograph.models.retrieval.model_index import ModelIndex
from zoograph.training.networks.embedding import DATASETS, LEVELS, MODELS
from zoograph.training.networks.retrieval.reserved_evidence import make_evidence, reserved_pairs, sample_evidence

_DATASETS_LEARNED_FROM, _RUNS_OF_EACH = 200, 60
MOST_EVIDENCE = 1_000
"""Runs on a dataset that candidates are judged by."""


class Learned(NamedTuple):
    """What the last layer learned.

    Attributes:
        variances: of its prior.
        widths: half-widths of 90 % intervals in standard deviations, by which side of a pair has no visible run, see
            :func:`zoograph.models.conformal.calibrate`.
    """

    variances: Variances
    widths: list[float]


class Answers(NamedTuple):
    """The best of k candidates, best first.

    Attributes:
        models: (n,) nodes.
        mean, lower, upper: (n,) expected accuracy, and the bounds of one run.
        milliseconds: that the search and the judging took.
    """

    models: np.ndarray
    mean: Tensor
    lower: Tensor
    upper: Tensor
    milliseconds: tuple[float, float]


def learn_last_layer(network: TwoTowers, thinned: ThinnedGraph, seed: int = 0) -> Learned:
    """Learn what the network does not say, on half of some datasets, and calibrate intervals on the others.

    Of each of the others, every second reserved run is asked for, and known are the others.

    Args:
        network: trained.
        thinned: of the same seed as the training, in which the same share of the nodes plays new.
        seed: draws the datasets.
    """
    rng = np.random.default_rng(seed)
    drawn = sample_evidence(network, thinned, _DATASETS_LEARNED_FROM, _RUNS_OF_EACH, rng)
    datasets = torch.unique(drawn.datasets)
    learned_on = torch.isin(drawn.datasets, datasets[::2])
    variances = fit_variances(drawn.at(learned_on))
    residuals, situations = [], []
    for dataset in datasets[1::2]:
        group = drawn.at(drawn.datasets == dataset)
        every = torch.arange(len(group.models))
        asked, known = group.at(every % 2 == 0), group.at(every % 2 == 1)
        judged = judge(asked, known, variances)
        spread = (judged.variance + asked.noise + variances.run).sqrt()
        residuals.append((asked.residual - judged.shift).abs() / spread)
        situations.append(_situation(asked))
    return Learned(variances, calibrate(torch.cat(residuals), torch.cat(situations)))


class HubShortlist:
    """Answers from the vectors of all models and datasets.

    Args:
        thinned: that message passing read.
        vectors: folder that :func:`zoograph.training.networks.embedding.embed_all` wrote.
        learned: by the last layer.
    """

    def __init__(self, thinned: ThinnedGraph, vectors: Path, learned: Learned) -> None:
        self.thinned, self.vectors = thinned, vectors
        self._learned, self._table = learned, thinned.graph.nodes[DATASET]
        self._models = np.load(vectors / MODELS, mmap_mode="r", allow_pickle=False)
        self._datasets = torch.from_numpy(np.load(vectors / DATASETS, allow_pickle=False))
        self._levels = torch.from_numpy(np.load(vectors / LEVELS, allow_pickle=False))
        models, datasets = reserved_pairs(thinned)
        order = np.argsort(datasets, kind="stable")
        self._evidence_models, self._evidence_datasets = models[order], datasets[order]
        counts = np.bincount(datasets, minlength=thinned.graph.num_nodes(DATASET))
        self._start = np.concatenate([[0], np.cumsum(counts)])

    def indexed_vectors(self, at_once: int = 100_000) -> np.ndarray:
        """Return (M, C) vectors of models with what their own reserved runs say, for an index."""
        vectors = np.array(self._models)
        for first in range(0, len(self._evidence_models), at_once):
            rows = np.arange(first, min(first + at_once, len(self._evidence_models)))
            shifts = model_shifts(self._evidence(rows), self._learned.variances)
            vectors[self._evidence_models[rows], -1] += shifts.numpy().astype(np.float32)
        return vectors

    def question(self, dataset: int) -> np.ndarray:
        """Return (1, C) what a dataset asks an index for: its vector, moved by the reserved runs on it."""
        known = self._evidence(self._on(dataset))
        vector = self._datasets[dataset].double()
        if len(known.models):
            vector = vector + dataset_shift(known, self._learned.variances)
        asked: np.ndarray = vector.float().numpy()[None]
        return asked

    def answer(self, index: ModelIndex, dataset: int, k: int = 10, candidates: int = 100) -> Answers:
        """Return the k best models for a dataset, of those that the index finds.

        Args:
            index: of :meth:`indexed_vectors`.
            dataset: node.
            k: answers.
            candidates: that are judged.
        """
        begun = time.perf_counter()
        question = self.question(dataset)
        found = index.search(question, candidates)[0]
        searched = time.perf_counter()
        models = found[found >= 0].astype(np.int64)
        mean, lower, upper = self.judge(models, dataset)
        best = torch.argsort(mean, descending=True, stable=True)[:k]
        spent = 1e3 * (searched - begun), 1e3 * (time.perf_counter() - searched)
        return Answers(models[best.numpy()], mean[best], lower[best], upper[best], spent)

    def judge(self, models: np.ndarray, dataset: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return expected accuracies (n,) of models on a dataset, and the bounds of one run.

        Known are the reserved runs on the dataset, at most 1,000 of them, and the reserved run of each model.
        """
        on, own = self._on(dataset), self._of(models)
        known = self._evidence(np.union1d(on, own))
        asked = self._asked(models, dataset)
        variances = self._learned.variances
        judged = judge(asked, known, variances)
        logit = self._expected(models, np.full(len(models), dataset)).double() + judged.shift
        assert self._table.chance is not None
        chance = torch.tensor(float(self._table.chance[dataset]), dtype=torch.float64)
        noise = _test_noise(self._table, dataset, logit)
        width = torch.tensor(self._learned.widths, dtype=torch.float64)[_situation(asked)]
        reach = width * (judged.variance + noise + variances.run).sqrt()
        mean = expected_accuracy(logit, judged.variance, chance)
        return mean, to_accuracy(logit - reach, chance), to_accuracy(logit + reach, chance)

    def _on(self, dataset: int) -> np.ndarray:
        """Return places of reserved runs on a dataset, at most so many, at even distances."""
        rows = np.arange(self._start[dataset], self._start[dataset + 1])
        return rows[:: max(1, -(-len(rows) // MOST_EVIDENCE))]

    def _of(self, models: np.ndarray) -> np.ndarray:
        """Return the places of the reserved runs of models, of those that have one."""
        runs = self.thinned.graph.edges[RUNS_OF_MODEL]
        models = models[runs.degrees(models) > 0]
        datasets = runs.source[self.thinned.reserved_runs(models)].astype(np.int64)
        places = [
            self._start[d] + np.searchsorted(self._evidence_models[self._start[d] : self._start[d + 1]], m)
            for m, d in zip(models.tolist(), datasets.tolist(), strict=True)
        ]
        return np.array(places, np.int64)

    def _evidence(self, rows: np.ndarray) -> Evidence:
        models, datasets = self._evidence_models[rows], self._evidence_datasets[rows]
        runs = self.thinned.graph.edges[RUNS_OF_MODEL]
        assert runs.value is not None
        target = measured_logits(self.thinned.graph, datasets, runs.value[self.thinned.reserved_runs(models)])
        vectors = torch.from_numpy(self._models[models])
        return make_evidence(self.thinned, models, datasets, vectors, self._expected(models, datasets), target)

    def _asked(self, models: np.ndarray, dataset: int) -> Evidence:
        datasets = np.full(len(models), dataset)
        none = measured_logits(self.thinned.graph, datasets, np.full(len(models), np.nan))
        vectors = torch.from_numpy(self._models[models])
        return make_evidence(self.thinned, models, datasets, vectors, self._expected(models, datasets), none)

    def _expected(self, models: np.ndarray, datasets: np.ndarray) -> Tensor:
        """Return (n,) logits that the network expects."""
        place = torch.from_numpy(datasets)
        return (torch.from_numpy(self._models[models]) * self._datasets[place]).sum(1) + self._levels[place]


def _situation(pairs: Evidence) -> Tensor:
    """Return (n,) codes into :data:`zoograph.models.conformal.SITUATIONS`, by what message passing sees."""
    return NEW_MODEL * (pairs.model_runs == 0).long() + NEW_DATASET * (pairs.dataset_runs == 0).long()


def _test_noise(table: NodeTable, dataset: int, logit: Tensor) -> Tensor:
    """Return (n,) the variances that the dataset's test set leaves at these logits."""
    assert table.size is not None
    assert table.chance is not None
    size, chance = (torch.tensor(float(column[dataset]), dtype=torch.float64) for column in (table.size, table.chance))
    return binomial_variance(torch.sigmoid(logit), chance, size.expand_as(logit))

"""The stages of a hub: tables, graph, training, vectors, index, answers. Each reads what the one before it wrote."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from zoograph.data.files.facts import load_facts, save_facts
from zoograph.data.testing.synthetic_hub import Hub, make_synthetic_hub
from zoograph.graphs.schema import DATASET, MODEL
from zoograph.graphs.stored.stored_graph import StoredGraph
from zoograph.graphs.stored.thinned import ThinnedGraph
from zoograph.models.retrieval.last_layer import Variances
from zoograph.models.retrieval.model_index import ModelIndex, recall_at
from zoograph.training.networks.embedding import embed_all
from zoograph.training.networks.retrieval.shortlist import HubShortlist, Learned, learn_last_layer
from zoograph.training.networks.run_batches import RunBatches
from zoograph.training.networks.sampled import SampledConfig, load_towers, train_sampled
from zoograph.training.runtime.progress import Progress
from zoograph.training.runtime.threads import one_thread
from zoograph.training.studies.hub.tables import write_hub_graph

RUNS_PER_MODEL = 50
LARGEST = 2_000_000, 20_000
"""Models and datasets of a hub of full size; smaller ones have datasets by the square root of their models."""
TOP, WANTED_RECALL = 10, 0.995
_QUESTIONS, _JUDGED, _LEAST_STEPS = 200, 200, 100
_TABLES, _GRAPH, _TRAINING, _VECTORS = "tables", "graph", "training", "vectors"
_INDEX, _INDEXED, _LEARNED = "index.faiss", "indexed.npy", "learned.json"

Figures = dict[str, Any]
Stage = Callable[[Path, int, Progress], Figures]


def make(folder: Path, num_models: int, told: Progress) -> Figures:
    """Draw the tables."""
    num_datasets = round(LARGEST[1] * math.sqrt(num_models / LARGEST[0]))
    hub = make_synthetic_hub(folder / _TABLES, num_models, num_datasets, RUNS_PER_MODEL * num_models, progress=told)
    return {"num_datasets": num_datasets, "num_runs": len(hub.run_value)}


def graph(folder: Path, num_models: int, told: Progress) -> Figures:
    """Build the graph."""
    written = write_hub_graph(folder / _GRAPH, Hub.open(folder / _TABLES), told)
    return {"num_edges": written.num_edges, "gib": _size_gib(written.folder)}


def train(folder: Path, num_models: int, told: Progress) -> Figures:
    """Train one epoch, or as many as make 100 steps where there are few models."""
    stored, config = StoredGraph(folder / _GRAPH), configuration(folder)
    train_sampled(stored, config, folder / _TRAINING, every=50, told=told)
    batches = RunBatches(stored, config.plan())
    return {"epochs": config.num_epochs, "steps": len(batches), "runs_per_step": batches.batch_size}


def embed(folder: Path, num_models: int, told: Progress) -> Figures:
    """Write the vectors of all nodes."""
    stored, config = StoredGraph(folder / _GRAPH), configuration(folder)
    thinned = ThinnedGraph(stored, config.fanout, config.seed)
    with one_thread():
        embed_all(load_towers(stored, config, folder / _TRAINING), thinned, folder / _VECTORS, told)
    return {"gib": _size_gib(folder / _VECTORS)}


def index(folder: Path, num_models: int, told: Progress) -> Figures:
    """Learn the last layer, build the index, and let it read as many lists as recall on some datasets asks for."""
    stored, config = StoredGraph(folder / _GRAPH), configuration(folder)
    blind = ThinnedGraph(stored, config.fanout, config.seed, blind=config.blind)
    with one_thread():
        learned = learn_last_layer(load_towers(stored, config, folder / _TRAINING), blind)
        save_facts(
            folder / _LEARNED,
            {
                "dataset": learned.variances.dataset.tolist(),
                "model": learned.variances.model.tolist(),
                "run": learned.variances.run,
                "widths": learned.widths,
            },
        )
        shortlist = _shortlist(folder)
        vectors = shortlist.indexed_vectors()
    np.save(folder / _INDEXED, vectors, allow_pickle=False)
    built = ModelIndex.build(vectors)
    tuned_on, _ = _questions(stored)
    recall = built.tune(np.concatenate([shortlist.question(int(d)) for d in tuned_on]), TOP, WANTED_RECALL)
    built.save(folder / _INDEX)
    return {"lists": built.num_lists, "lists_read": built.probes, "tuned_recall": recall}


def ask(folder: Path, num_models: int, told: Progress) -> Figures:
    """Ask for the best models of datasets that the index was not tuned on, and hold answers against the truth."""
    stored, hub = StoredGraph(folder / _GRAPH), Hub.open(folder / _TABLES)
    built, shortlist = ModelIndex.load(folder / _INDEX), _shortlist(folder)
    _, datasets = _questions(stored)
    vectors = np.load(folder / _INDEXED, mmap_mode="r", allow_pickle=False)
    rng = np.random.default_rng(3)
    searched, brute, spent, found, truth, errors, inside, constant = [], [], [], [], [], [], [], []
    with one_thread():
        for number, dataset in enumerate(datasets.tolist()):
            question = shortlist.question(dataset)
            begun = time.perf_counter()
            found.append(built.search(question, TOP)[0])
            between = time.perf_counter()
            products = vectors @ question[0]
            truth.append(np.argpartition(-products, TOP - 1)[:TOP])
            searched.append(1e3 * (between - begun))
            brute.append(1e3 * (time.perf_counter() - between))
            spent.append(shortlist.answer(built, dataset).milliseconds[1])
            models = rng.choice(num_models, min(num_models, _JUDGED), replace=False)
            mean, lower, upper = (part.numpy() for part in shortlist.judge(models, dataset))
            accuracy = hub.true_accuracies(models, np.full(len(models), dataset))
            size = int(hub.dataset_size[dataset])
            measured = rng.binomial(size, accuracy) / size
            errors.append(float(np.abs(mean - accuracy).mean()))
            inside.append(float(((measured >= lower) & (measured <= upper)).mean()))
            constant.append(
                float(np.abs(hub.run_value[:: max(1, len(hub.run_value) // 10_000)].mean() - accuracy).mean())
            )
            told(number + 1, len(datasets))
    return {
        "questions": len(datasets),
        "recall_at_10": recall_at(np.stack(found), np.stack(truth)),
        "search_ms": _spread(searched),
        "judge_ms": _spread(spent),
        "brute_force_ms": _spread(brute),
        "mae_truth": float(np.mean(errors)),
        "mae_constant": float(np.mean(constant)),
        "coverage": float(np.mean(inside)),
    }


STAGES: dict[str, Stage] = {
    "make": make, "graph": graph, "train": train, "embed": embed, "index": index, "ask": ask
}  # fmt: skip


def configuration(folder: Path) -> SampledConfig:
    """Return how a hub is trained: batches by its size, so that there are 100 steps or more."""
    stored = StoredGraph(folder / _GRAPH)
    size = 1_024 if stored.num_nodes(MODEL) >= 50_000 else 128
    steps = RunBatches(stored, SampledConfig(batch_size=size).plan()).steps_per_epoch
    return SampledConfig(batch_size=size, num_epochs=-(-_LEAST_STEPS // steps))


def _shortlist(folder: Path) -> HubShortlist:
    config, facts = configuration(folder), load_facts(folder / _LEARNED)
    variances = Variances(torch.tensor(facts["dataset"]).double(), torch.tensor(facts["model"]).double(), facts["run"])
    thinned = ThinnedGraph(StoredGraph(folder / _GRAPH), config.fanout, config.seed)
    return HubShortlist(thinned, folder / _VECTORS, Learned(variances, facts["widths"]))


def _questions(stored: StoredGraph) -> tuple[np.ndarray, np.ndarray]:
    """Return datasets to tune an index on, and others to ask for."""
    mixed = np.random.default_rng(1).permutation(stored.num_nodes(DATASET))[: 2 * _QUESTIONS]
    half = len(mixed) // 2
    return mixed[:half], mixed[half:]


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": float(np.median(values)), "slowest_twentieth": float(np.quantile(values, 0.95))}


def _size_gib(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.iterdir()) / 2**30

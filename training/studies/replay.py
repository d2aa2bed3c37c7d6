"""Replay of a growing zoo: runs arrive in random order, and the predictor is retrained after each batch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch_geometric.data import HeteroData

from zoograph.data.errors import ZoographError
from zoograph.data.files.facts import load_facts, save_facts
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.zoo import Zoo
from zoograph.data.text.lookup import text_for
from zoograph.graphs.splits import hold_out, without_pairs
from zoograph.models.method import Method, Prediction
from zoograph.training.evaluation.methods import make_method
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig
from zoograph.training.retraining.challenge import retrain_on
from zoograph.training.retraining.held_out_cells import held_out_cells
from zoograph.training.retraining.material import Material
from zoograph.training.versions.load import load_current
from zoograph.training.versions.restore import saved_tensors

BASELINES = ("linear-regression", "standardized-model-mean")
_STEPS = "steps.json"


@dataclass(frozen=True)
class Step:
    """The zoo after one more batch.

    Attributes:
        records: runs that have arrived.
        start: how the challenger was trained.
        promoted: whether it answers now.
        seconds: of processor time, from reading to saving.
        error: mean absolute error of the version that answers, on every held-out cell, arrived or not.
        coverage: share of its 90 % intervals that hold there.
        baselines: mean absolute error of other methods on the same records and cells.
    """

    records: int
    start: str
    promoted: bool
    seconds: float
    error: float
    coverage: float
    baselines: dict[str, float]


def replay(
    zoo: Zoo,
    folder: Path,
    batch_size: int = 100,
    seed: int = 0,
    config: TrainingConfig | None = None,
    begin: Callable[[str], None] | None = None,
    most: int | None = None,
) -> list[Step]:
    """Let the head runs of ``zoo`` arrive in random order, and retrain after each batch.

    Held-out cells that arrive are never learned from, and nobody is conditioned on one that it is asked for.

    Args:
        zoo: whose runs arrive.
        folder: keeps the versions and the steps; a replay that was interrupted goes on with the next batch.
        batch_size: runs that arrive together.
        seed: of the order.
        config: how the predictor is trained.
        begin: told the name of each step.
        most: steps to do now at most.

    Raises:
        ZoographError: if the folder holds another replay.
    """
    zoo = zoo.with_runs(zoo.runs[zoo.runs["protocol"] == Protocol.HEAD])
    order = np.random.default_rng(seed).permutation(len(zoo.runs))
    about = {"runs": zoo.fingerprint(), "batch_size": batch_size, "seed": seed}
    steps = _read_steps(folder / _STEPS, about)
    text = text_for(zoo)
    complete = Material(zoo, pd.Series("all", index=zoo.runs.index), text, Protocol.HEAD, Metric.TOP1).graph()
    asked = hold_out(complete, held_out_cells(complete))
    ends = [*range(batch_size, len(order), batch_size), len(order)]
    for end in ends[len(steps) :][:most]:
        if begin is not None:
            begin(f"{end:,} records")
        arrived = np.sort(order[:end])
        rank = np.empty(len(order), dtype=int)
        rank[order] = np.arange(len(order)) // batch_size
        batches = pd.Series([f"batch {number + 1}" for number in rank[arrived]], dtype=str)
        # A batch is told by its size: the runs of one are always the same.
        sizes = {str(batch): str(size) for batch, size in batches.value_counts().items()}
        known = zoo.with_runs(zoo.runs.iloc[arrived])
        material = Material(known, batches, text, Protocol.HEAD, Metric.TOP1, sizes)
        begun = time.process_time()
        trained = retrain_on(folder / "predictors", material, config).manifest.verdict
        seconds = time.process_time() - begun
        graph = material.graph()
        rest = without_pairs(graph, asked.pairs)
        answer = _ask_champion(folder / "predictors", rest, asked.pairs)
        inside = (answer.lower <= asked.target) & (asked.target <= answer.upper)
        errors = {name: _error(_fitted(name, rest).predict(asked.pairs), asked.target) for name in BASELINES}
        error = _error(answer, asked.target)
        step = Step(end, trained.start, trained.promoted, seconds, error, float(inside.float().mean()), errors)
        steps = [*steps, step]
        save_facts(folder / _STEPS, {"about": about, "steps": [asdict(s) for s in steps]})
    return steps


def _ask_champion(root: Path, known: HeteroData, pairs: torch.Tensor) -> Prediction:
    champion = load_current(root)
    assert champion is not None
    return EvidencePredictor.from_state(saved_tensors(champion), champion.manifest.values, known).predict(pairs)


def _fitted(name: str, graph: HeteroData) -> Method:
    return make_method(name).fit(graph)


def _error(answer: Prediction, target: torch.Tensor) -> float:
    return float((answer.mean - target).abs().mean())


def _read_steps(path: Path, about: dict[str, object]) -> list[Step]:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        return []
    try:
        kept = load_facts(path)
        if kept["about"] == about:
            return [Step(**step) for step in kept["steps"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ZoographError(f"'{path}' must hold the steps of a replay (got something else). Use --fresh.") from error
    raise ZoographError(f"'{path}' holds the steps of another replay. Use --fresh, or choose another folder.")

"""What a predictor states of the models of a dataset: who is the best, and what picking another one loses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.files.tensors import load_tensors, save_tensors
from zoograph.training.answers.expected_regret import chance_of_best
from zoograph.training.evaluation.collections.hiding import Question
from zoograph.training.evaluation.collections.methods import Row
from zoograph.training.evaluation.collections.running import CollectionRun
from zoograph.training.evaluation.metrics import MIN_CELLS
from zoograph.training.predictors.evidence import EvidencePredictor
from zoograph.training.predictors.joint import JointPrediction, draw_normal
from zoograph.training.runtime.threads import one_thread


class Stated(NamedTuple):
    """n models on datasets of which five models or more are asked.

    Attributes:
        cell: (n,) places among the asked cells.
        dataset: (n,) nodes.
        mean: (n,) expected accuracies.
        regret: (n,) accuracy that picking the model is expected to lose, in [0, 1].
        best: (n,) probability of having the highest true accuracy.
        measured_regret, measured_best: (n,) the same of accuracies as they are measured, noise of one run included:
            what measured accuracies can be held against.
    """

    cell: Tensor
    dataset: Tensor
    mean: Tensor
    regret: Tensor
    best: Tensor
    measured_regret: Tensor
    measured_best: Tensor


def state_ranking(predictor: EvidencePredictor, graph: HeteroData, pairs: Tensor) -> Stated:
    """Return what a predictor states of (2, n) pairs, dataset by dataset, from the records of ``graph``."""
    parts: list[Stated] = []
    for dataset in torch.unique(pairs[1]).tolist():
        cell = (pairs[1] == dataset).nonzero().flatten()
        if len(cell) >= MIN_CELLS:
            joint = predictor.joint(pairs[0, cell], torch.tensor([dataset]), graph)
            parts.append(Stated(cell, torch.full_like(cell, dataset), joint.mean.double(), *weigh(joint)))
    if not parts:
        none = torch.zeros(0, dtype=torch.long)
        return Stated(none, none, *(none.double(),) * 5)
    return Stated(*(torch.cat(columns) for columns in zip(*parts, strict=True)))


def weigh(joint: JointPrediction) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return regret and probability of being the best (c,), of true accuracies and then of measured ones."""
    noise = joint.noise.double() if joint.contenders is None else joint.noise[joint.contenders].double()
    unit = draw_normal(torch.zeros_like(noise), torch.eye(len(noise)).to(noise), len(joint.draws), seed=1)
    true, measured = chance_of_best(joint.draws), chance_of_best(joint.draws + unit * noise.sqrt())
    return true[1], true[0], measured[1], measured[0]


def kept_rankings(run: CollectionRun, row: Row, questions: Sequence[Question], folder: Path) -> Iterator[Stated]:
    """Yield what a predictor states to each question, reading from ``folder`` what was kept there.

    Raises:
        FoldsError: if a question leaves the predictor too little to learn from.
    """
    for question in questions:
        method = row.make()
        key = run.key(row, method, question)
        path = folder / f"{row.name}-stated-{key[:24]}.safetensors"
        stated = _read(path, key)
        if stated is None:
            with one_thread():
                fitted, split = run.fitted(row, method, question)
                assert isinstance(fitted, EvidencePredictor)
                stated = state_ranking(fitted, split.train, split.pairs)
            save_tensors(path, stated._asdict(), {"key": key})
        yield stated


def _read(path: Path, key: str) -> Stated | None:
    """Return what was kept; None if there is nothing, or if it is not what was written."""
    try:
        tensors, about = load_tensors(path)
        return Stated(**tensors) if about == {"key": key} else None
    except (FileNotFoundError, ValueError, TypeError):
        return None

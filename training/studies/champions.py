"""Simulation of the champion rule: noisy, unchanged and right records arrive; what is promoted is held to the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from zoograph.data.files.facts import load_facts, save_facts
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.zoo import Zoo
from zoograph.data.testing.hash_encoder import hash_encoder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.data.text.table import TextTable
from zoograph.data.text.words import zoo_texts
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig
from zoograph.training.retraining.challenge import challenge
from zoograph.training.retraining.material import Material
from zoograph.training.retraining.train import train_first
from zoograph.training.versions.artifact import Artifact
from zoograph.training.versions.restore import saved_tensors

KINDS = ("noisy", "repeat", "good")
CONFIG = TrainingConfig(num_steps=20, warm_steps=5, num_records=200)
_MODELS, _DATASETS, _LATE = 10, 100, 0.12
_NOISE = 0.2  # standard deviation that is added to the accuracies of a noisy batch
_FILE = "champions.json"


@dataclass(frozen=True)
class Trial:
    """One challenger.

    Attributes:
        draw: of the zoo and of the batch.
        kind: ``noisy``, a batch of wrong accuracies; ``repeat``, nothing new, trained once more; ``good``, a batch of
            right ones.
        promoted: whether it would answer.
        suspected: whether the batch was suspect.
        champion: mean absolute error of the champion against the noiseless accuracies of all pairs, its own records
            known.
        challenger: the same of the challenger.
    """

    draw: int
    kind: str
    promoted: bool
    suspected: bool
    champion: float
    challenger: float


class Summary(NamedTuple):
    """All trials of one kind.

    Attributes:
        kind: see :class:`Trial`.
        trials: how many.
        promoted: of these.
        suspected: of these.
        added: error that the promoted ones add to the champion's, as a share of it, on average; None for none.
        added_if_all: the same if all were promoted.
    """

    kind: str
    trials: int
    promoted: int
    suspected: int
    added: float | None
    added_if_all: float


def simulate(
    folder: Path, draws: int = 30, kinds: Sequence[str] = KINDS, begin: Callable[[str], None] | None = None
) -> list[Trial]:
    """Let a batch of each kind meet a champion of its own in each of ``draws`` zoos; what was done before is kept.

    The rule sees held-out cells with their noise; the truth is known here alone.
    """
    path = folder / _FILE
    folder.mkdir(parents=True, exist_ok=True)
    done = [Trial(**trial) for trial in load_facts(path)["trials"]] if path.exists() else []
    known = {(trial.draw, trial.kind) for trial in done}
    for draw in range(draws):
        wanted = [kind for kind in kinds if (draw, kind) not in known]
        if wanted:
            done += list(_meet(draw, wanted, begin))
            save_facts(path, {"trials": [asdict(trial) for trial in done]})
    return [trial for trial in done if trial.draw < draws and trial.kind in kinds]


def summarise(trials: Sequence[Trial]) -> list[Summary]:
    """Return a line a kind."""
    lines = []
    for kind in dict.fromkeys(trial.kind for trial in trials):
        own = [trial for trial in trials if trial.kind == kind]
        added = [trial.challenger / trial.champion - 1 for trial in own]
        taken = [share for share, trial in zip(added, own, strict=True) if trial.promoted]
        suspected = sum(trial.suspected for trial in own)
        mean = float(np.mean(taken)) if taken else None
        lines.append(Summary(kind, len(own), len(taken), suspected, mean, float(np.mean(added))))
    return lines


class _Draw:
    """One zoo, its noiseless accuracies, and the champion of all runs but the late ones."""

    def __init__(self, draw: int) -> None:
        self.zoo, self.truth = make_synthetic_zoo(_MODELS, _DATASETS, seed=draw)
        self.rng, runs = np.random.default_rng(draw), self.zoo.runs
        self.late = self.rng.permutation(len(runs))[: round(_LATE * len(runs))]
        encoder = hash_encoder(8)
        texts = zoo_texts(self.zoo.models.values(), self.zoo.datasets.values())
        self.text = TextTable.empty(encoder).extended(encoder, texts)

    def material(self, kind: str) -> Material:
        """Return what a challenger learns from; ``repeat`` is what the champion learned from."""
        batches = pd.Series("early", index=self.zoo.runs.index)
        batches.iloc[self.late] = kind
        runs = self.zoo.runs
        if kind == "noisy":
            value = runs["value"].to_numpy().copy()
            value[self.late] = np.clip(value[self.late] + self.rng.normal(0, _NOISE, len(self.late)), 0, 1)
            runs = runs.assign(value=value)
        if kind == "repeat":
            runs, batches = runs[batches == "early"], batches[batches == "early"]
        return _material(self.zoo.with_runs(runs.reset_index(drop=True)), batches.reset_index(drop=True), self.text)

    def error(self, artifact: Artifact, material: Material) -> float:
        """Return the mean absolute error of a version that knows ``material``, against the truth."""
        graph = material.graph(artifact.manifest.vocabulary)
        predictor = EvidencePredictor.from_state(saved_tensors(artifact), artifact.manifest.values, graph)
        models, datasets = list(self.zoo.models), [name for name in self.zoo.datasets if name != "corpus"]
        places = [
            torch.tensor([{name: i for i, name in enumerate(graph[kind].ids)}[name] for name in names])
            for kind, names in (("model", models), ("dataset", datasets))
        ]
        said = predictor.smoothed(torch.cartesian_prod(*places).t()).numpy().reshape(self.truth.shape)
        return float(np.abs(said - self.truth).mean())


def _material(zoo: Zoo, batches: pd.Series[str], text: TextTable) -> Material:
    values = zoo.runs[["model", "dataset", "value"]]
    digests = {str(batch): part.to_csv(index=False) for batch, part in values.groupby(batches)}
    return Material(zoo, batches, text, Protocol.HEAD, Metric.TOP1, digests)


def _meet(number: int, kinds: Sequence[str], begin: Callable[[str], None] | None) -> Iterator[Trial]:
    draw = _Draw(number)
    early = draw.material("repeat")
    with TemporaryDirectory() as scratch:
        champion = train_first(Path(scratch) / "champion", early, CONFIG)
        before = draw.error(champion, early)
        for kind in kinds:
            if begin is not None:
                begin(f"{kind}, zoo {number + 1}")
            material = draw.material(kind)
            new = challenge(_copied(champion, Path(scratch) / kind), champion, material, CONFIG)
            verdict = new.manifest.verdict
            yield Trial(number, kind, verdict.promoted, bool(verdict.suspects), before, draw.error(new, material))


def _copied(champion: Artifact, root: Path) -> Path:
    """Return a folder of versions in which the champion is the current one."""
    from shutil import copytree

    copytree(champion.folder.parent, root)
    return root

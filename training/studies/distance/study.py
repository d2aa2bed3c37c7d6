"""Parameter distances of the glyph zoo: every fine-tuned pair is tuned again, and a file tells how far it went."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from zoograph.data.files.atomic import replace_file
from zoograph.data.images.stratified import stratified_hold_out
from zoograph.data.networks.blocks import Grouping, network_blocks
from zoograph.graphs.scores.analysis.parameter_distance import Norm, parameter_distance
from zoograph.training.measuring.finetune import FinetuneConfig
from zoograph.training.studies.glyph_zoo.sources import draw_weights
from zoograph.training.studies.glyph_zoo.work import GlyphFiles, finetune_pair, read_network

_NEEDED = ("sources", "pools", "probes", "features")

Facts = dict[str, Any]


@dataclass(frozen=True)
class DistanceStudy:
    """The pairs of the study, and the files of what is finished.

    Attributes:
        files: of the glyph zoo.
        folder: of this study.
    """

    files: GlyphFiles
    folder: Path

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The (model, task) ids that the zoo fine-tunes."""
        return self.files.plan.finetuned

    def path(self, model: str, task: str) -> Path:
        """Return the file of a pair."""
        return self.folder / f"{model}--{task}.json"

    def read(self, model: str, task: str) -> Facts:
        """Return what is known of a finished pair: distances of the blocks by norm, epochs, steps and accuracy."""
        return json.loads(self.path(model, task).read_text(encoding="utf-8"))


def run_study(study: DistanceStudy, begin: Callable[[str], None] = lambda piece: None) -> None:
    """Tune the pairs that are not done yet; weights are compared and not kept.

    Args:
        study: what to do.
        begin: called with the name of each pair before its turn, finished or not.

    Raises:
        ZoographError: if the glyph zoo is not there.
    """
    study.files.require(*_NEEDED)
    for model, task in study.pairs:
        begin(task)
        path = study.path(model, task)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, json.dumps(_measure(study.files, model, task)))


def _measure(files: GlyphFiles, name: str, task: str) -> Facts:
    source = files.plan.model(name)
    tuned: dict[str, Tensor] = {}
    result, config = finetune_pair(files, name, task, keep=tuned.update)
    random, pretrained = draw_weights(source, files.plan.seed), read_network(files, name)
    blocks = network_blocks(pretrained, Grouping.BLOCKS).blocks
    states = (random.state_dict(), pretrained.state_dict(), tuned)
    return {
        "distances": {norm: parameter_distance(*states, blocks, norm=norm).blocks for norm in Norm},
        "accuracy": result.accuracy,
        "best_epoch": result.best_epoch,
        "steps": result.best_epoch * _steps_in_epoch(result.num_train, len(files.plan.task(task).characters), config),
        "images": result.num_train,
    }


def _steps_in_epoch(images: int, classes: int, config: FinetuneConfig) -> int:
    """Return the steps of an epoch on a balanced task, a part of each class of which is held out to stop by."""
    labels = np.repeat(np.arange(classes), images // classes)
    return ceil((~stratified_hold_out(labels, config.validation_fraction)).sum() / config.batch_size)

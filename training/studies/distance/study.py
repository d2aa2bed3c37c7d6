"""Parameter distances of the glyph zoo: every fine-tuned pair is tuned again and compared with its first weights."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from torch import Tensor

from zoograph.data.files.kept import Facts
from zoograph.data.networks.blocks import Grouping, network_blocks
from zoograph.data.tasks.stratified import stratified_hold_out
from zoograph.graphs.scores.analysis.parameter_distance import Norm, parameter_distance
from zoograph.training.measuring.finetuning.finetune import FinetuneConfig
from zoograph.training.studies.glyph_zoo.sources import draw_weights
from zoograph.training.studies.glyph_zoo.study import GlyphStudy, Pair
from zoograph.training.studies.glyph_zoo.work import GlyphFiles, finetune_pair, read_network

PAIRS = "pairs"


@dataclass(frozen=True)
class DistanceStudy(GlyphStudy):
    """How far fine-tuning moved the weights of every pair that the zoo fine-tunes; the weights are not kept."""

    needs = ("sources", "pools", "probes", "features")

    @property
    def pieces(self) -> dict[str, list[Pair]]:
        """The (model, task) ids that the zoo fine-tunes."""
        return {PAIRS: self.files.plan.finetuned}

    def measure(self, kind: str, model: str, task: str) -> Facts:
        """Tune a pair again; return distances of the blocks by norm, epochs, steps, images and accuracy."""
        return _measure(self.files, model, task)


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

"""Plan of the glyph zoo: its models, its tasks, and the pairs that are fine-tuned as well."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from zoograph.data.collections.glyphs.models import ARCHITECTURES, CORPORA, Corpus, SourceModel
from zoograph.data.collections.glyphs.tasks import HANDWRITTEN, GlyphTask, list_tasks

_RECIPE = 1
"""Raised when the work changes what it makes, so that files of an older recipe are not taken up."""


@dataclass(frozen=True)
class GlyphPlan:
    """Every one of the models on every one of the tasks.

    Attributes:
        models: the source models.
        tasks: the target datasets.
        relating_model: id of the model under whose features the tasks are compared with each other.
        finetune_one_in: a pair out of this many, chosen by a hash, is fine-tuned as well.
        finetune_images: images that a fine-tuning steps through, within 8 to 40 passes over its training set.
        probe_per_class: held-out images of each source class that stand for the source task in scores.
        seed: of everything.
    """

    models: tuple[SourceModel, ...]
    tasks: tuple[GlyphTask, ...]
    relating_model: str
    finetune_one_in: int = 10
    finetune_images: int = 4000
    probe_per_class: int = 6
    seed: int = 0

    @property
    def corpora(self) -> dict[str, Corpus]:
        """The corpora of the models by name."""
        return {model.corpus.name: model.corpus for model in self.models}

    @property
    def domains(self) -> tuple[str, ...]:
        """The distinct domains of the tasks."""
        return tuple(dict.fromkeys(task.domain for task in self.tasks))

    @property
    def finetuned(self) -> list[tuple[str, str]]:
        """The (model, task) ids of the pairs that are fine-tuned."""
        pairs = [(model.id, task.id) for model in self.models for task in self.tasks]
        return [pair for pair in pairs if _draw(f"{self.seed} {pair}") % self.finetune_one_in == 0]

    def model(self, name: str) -> SourceModel:
        """Return a model by its id."""
        return next(model for model in self.models if model.id == name)

    def tasks_of(self, domain: str) -> list[GlyphTask]:
        """Return the tasks of a domain."""
        return [task for task in self.tasks if task.domain == domain]

    def task(self, name: str) -> GlyphTask:
        """Return a task by its id."""
        return next(task for task in self.tasks if task.id == name)

    def digest(self) -> str:
        """Return what tells the files of this plan from those of another."""
        architectures = {model.architecture: asdict(ARCHITECTURES[model.architecture]) for model in self.models}
        content = json.dumps([_RECIPE, asdict(self), architectures], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:12]


def full_plan() -> GlyphPlan:
    """Return the plan of the tables that ship: twelve models, 117 tasks."""
    class_counts: dict[str, Sequence[int]] = {
        "print": (16, 32),
        "outline": (8, 32),
        "thin": (2, 16),
        "inverted": (4, 16),
        "clutter": (2, 16),
        "blurred": (8, 32),
        HANDWRITTEN: (4,),
    }
    # Unequal budgets, so that the models differ in more than architecture and corpus.
    epochs = {
        "vit": {"latin": 10, "eastern": 9, "symbols": 9},
        "resnet": {"latin": 3, "eastern": 5, "symbols": 4},
        "convnext": {"latin": 4, "eastern": 6, "symbols": 4},
        "efficientnet": {"latin": 5, "eastern": 6, "symbols": 2},
    }
    models = tuple(
        SourceModel(architecture, CORPORA[corpus], count)
        for architecture, counts in epochs.items()
        for corpus, count in counts.items()
    )
    return GlyphPlan(models, tuple(list_tasks(class_counts)), relating_model="glyph_resnet_eastern")


def _draw(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")

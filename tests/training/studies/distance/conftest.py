"""A tiny glyph zoo of noise for the study of parameter distances."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from zoograph.data.collections.glyphs.models import CORPORA, SourceModel
from zoograph.data.collections.glyphs.plan import GlyphPlan
from zoograph.data.collections.glyphs.tasks import list_tasks
from zoograph.data.files.kept import keep_facts
from zoograph.data.files.tensors import save_tensors
from zoograph.training.studies.distance.study import PAIRS, DistanceStudy
from zoograph.training.studies.glyph_zoo.sources import draw_weights
from zoograph.training.studies.glyph_zoo.work import GlyphFiles, do_piece

_CORPUS = replace(CORPORA["latin"], characters="ABCD", train_per_class=6, test_per_class=4)
TINY = GlyphPlan(
    models=tuple(SourceModel(name, _CORPUS, 1) for name in ("resnet", "efficientnet", "vit")),
    tasks=tuple(
        task for task in list_tasks({"print": (2,), "thin": (4,), "clutter": (2,)}, (5, 9)) if task.split == "b"
    ),
    relating_model="glyph_resnet_latin",
    finetune_one_in=1,
    finetune_images=40,
    probe_per_class=3,
)

TUNED = 3


def _noise(count: int) -> torch.Tensor:
    return torch.randint(256, (count, 32, 32), dtype=torch.uint8)


@pytest.fixture(scope="package")
def files(tmp_path_factory: pytest.TempPathFactory) -> GlyphFiles:
    """The files of a zoo whose images are noise and whose models were not trained."""
    files = GlyphFiles(TINY, tmp_path_factory.mktemp("glyphs"))
    torch.manual_seed(0)
    labels = torch.arange(4).repeat_interleave(4)
    save_tensors(files.path("corpora", ("latin",)), {"test_images": _noise(16), "test_labels": labels}, {})
    for domain in TINY.domains:
        characters = sorted({character for task in TINY.tasks_of(domain) for character in task.characters})
        pool = {
            "images": _noise(15 * len(characters)),
            "characters": torch.tensor([ord(character) for character in characters]).repeat_interleave(15),
            "ranks": torch.cat([torch.arange(9), torch.arange(6)]).repeat(len(characters)),
            "is_test": (torch.arange(15) >= 9).repeat(len(characters)),
        }
        save_tensors(files.path("pools", (domain,)), pool, {})
    for model in TINY.models:
        save_tensors(files.path("sources", (model.id,)), draw_weights(model, 7).state_dict(), {})
        do_piece(files, "probes", (model.id,))
        for domain in TINY.domains:
            do_piece(files, "features", (model.id, domain))
    return files


@pytest.fixture(scope="package")
def study(files: GlyphFiles, tmp_path_factory: pytest.TempPathFactory) -> DistanceStudy:
    """A study whose first pairs were tuned; the other files are those with other figures, drawn at random."""
    study = DistanceStudy(files, tmp_path_factory.mktemp("study"))
    pairs, random = study.pieces[PAIRS], np.random.default_rng(0)
    for place in range(TUNED):
        keep_facts(study.path(PAIRS, *pairs[place]), partial(study.measure, PAIRS, *pairs[place]))
    for place, (model, task) in enumerate(pairs[TUNED:]):
        found = study.read(PAIRS, *pairs[place % TUNED])
        for rows in found["distances"].values():
            for row in rows:
                row[2] *= float(random.uniform(0.5, 2.0))
        found["images"] = len(TINY.task(task).characters) * TINY.task(task).train_per_class
        found["steps"] = int(random.integers(1, 40))
        study.path(PAIRS, model, task).write_text(json.dumps(found))
    return study

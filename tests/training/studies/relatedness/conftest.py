"""A tiny glyph zoo of noise for the study of task-relatedness."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from zoograph.data.collections.glyphs.models import CORPORA, SourceModel
from zoograph.data.collections.glyphs.plan import GlyphPlan
from zoograph.data.collections.glyphs.tasks import list_tasks
from zoograph.data.files.tensors import save_tensors
from zoograph.training.studies.glyph_zoo.work import GlyphFiles, do_piece

_CORPUS = replace(CORPORA["latin"], characters="ABCD", train_per_class=6, test_per_class=4)
TINY = GlyphPlan(
    models=tuple(SourceModel(name, _CORPUS, 1) for name in ("resnet", "efficientnet", "convnext")),
    tasks=tuple(
        task for task in list_tasks({"print": (2,), "thin": (2,), "clutter": (2,)}, (50,)) if task.split == "b"
    ),
    relating_model="glyph_resnet_latin",
    finetune_one_in=3,
    probe_per_class=3,
)


@pytest.fixture(scope="package")
def plan() -> GlyphPlan:
    """Three models and three tasks."""
    return TINY


@pytest.fixture(scope="package")
def files(tmp_path_factory: pytest.TempPathFactory) -> GlyphFiles:
    """The files of a zoo whose images are noise and whose models were never trained."""
    files = GlyphFiles(TINY, tmp_path_factory.mktemp("glyphs"))
    torch.manual_seed(0)
    labels = torch.arange(4)
    corpus = {"train_labels": labels.repeat_interleave(6), "test_labels": labels.repeat_interleave(4)}
    corpus |= {f"{part}_images": noise(len(corpus[f"{part}_labels"])) for part in ("train", "test")}
    save_tensors(files.path("corpora", ("latin",)), corpus, {})
    for task in TINY.tasks:
        ranks = torch.cat([torch.arange(50), torch.arange(20)]).repeat(2)
        pool = {
            "images": noise(140),
            "characters": torch.tensor([ord(character) for character in task.characters]).repeat_interleave(70),
            "ranks": ranks,
            "is_test": torch.cat([torch.zeros(50), torch.ones(20)]).bool().repeat(2),
        }
        save_tensors(files.path("pools", (task.domain,)), pool, {})
    for value, model in zip((0.4, 0.6, 0.5), TINY.models, strict=True):
        save_tensors(files.path("sources", (model.id,)), model.create().state_dict(), {})
        do_piece(files, "probes", (model.id,))
        for task in TINY.tasks:
            do_piece(files, "features", (model.id, task.domain))
            write(files.path("heads", (model.id, task.domain)), {"runs": [{"dataset": task.id, "value": value}]})
    for pair in TINY.finetuned:
        write(files.path("finetuning", pair), {"value": 0.75})
    return files


def noise(count: int) -> torch.Tensor:
    return torch.randint(256, (count, 32, 32), dtype=torch.uint8)


def write(path: Path, found: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found), encoding="utf-8")

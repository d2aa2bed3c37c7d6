"""A tiny glyph zoo that was built, and copies of it where work is still to be done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from zoograph.data.collections.glyphs.models import CORPORA, SourceModel
from zoograph.data.collections.glyphs.plan import GlyphPlan
from zoograph.data.collections.glyphs.tasks import list_tasks
from zoograph.data.records.collection import Collection
from zoograph.training.studies.glyph_zoo.build import (
    build_glyph_zoo,
    collect_glyph_zoo,
)
from zoograph.training.studies.glyph_zoo.work import STAGES, GlyphFiles

_CORPUS = replace(CORPORA["latin"], characters="ABCDEF", train_per_class=20, test_per_class=4)
TINY = GlyphPlan(
    models=(SourceModel("resnet", _CORPUS, 1), SourceModel("efficientnet", _CORPUS, 1)),
    tasks=tuple(task for task in list_tasks({"print": (2,), "thin": (4,)}, (5,)) if task.split != "c"),
    relating_model="glyph_resnet_latin",
    finetune_one_in=4,
    finetune_images=80,
    probe_per_class=3,
)


@pytest.fixture(scope="package")
def files(tmp_path_factory: pytest.TempPathFactory) -> GlyphFiles:
    files = GlyphFiles(TINY, tmp_path_factory.mktemp("glyphs"))
    build_glyph_zoo(files)
    return files


@pytest.fixture
def zoo(files: GlyphFiles) -> Collection:
    return collect_glyph_zoo(files)


@pytest.fixture
def copy_files(files: GlyphFiles, tmp_path: Path) -> Callable[..., GlyphFiles]:
    """A callable that returns files where the given stages are still to be done."""

    def copy(*without: str) -> GlyphFiles:
        for stage in STAGES:
            if stage not in without:
                (tmp_path / stage).symlink_to(files.folder / stage)
        return GlyphFiles(files.plan, tmp_path)

    return copy

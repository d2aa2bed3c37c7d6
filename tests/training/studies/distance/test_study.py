"""The study of parameter distances on a tiny glyph zoo."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from zoograph.data.errors import ZoographError
from zoograph.training.studies.distance import study as module
from zoograph.training.studies.distance.study import PAIRS, DistanceStudy
from zoograph.training.studies.glyph_zoo.study import run_study
from zoograph.training.studies.glyph_zoo.work import GlyphFiles, do_piece


def test_every_pair_is_tuned_once_and_as_the_zoo_does_it(
    study: DistanceStudy, files: GlyphFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, task = study.pieces[PAIRS][0]
    do_piece(files, "finetuning", (model, task))
    found = study.read(PAIRS, model, task)
    assert found["accuracy"] == files.read_facts("finetuning", model, task)["value"]
    assert found["images"] == files.read_facts("finetuning", model, task)["train_size"]
    begun: list[str] = []
    monkeypatch.setattr(module, "_measure", None)  # nothing is computed again
    run_study(study, begun.append)
    assert begun == [f"pairs {task}" for _, task in study.pieces[PAIRS]]


def test_steps_are_those_of_the_epochs(study: DistanceStudy) -> None:
    for model, task in study.pieces[PAIRS][:3]:
        found = study.read(PAIRS, model, task)
        held = len(study.files.plan.task(task).characters) * max(
            1, round(0.2 * study.files.plan.task(task).train_per_class)
        )
        assert found["steps"] == found["best_epoch"] * math.ceil((found["images"] - held) / 32)


def test_without_the_glyph_zoo_it_says_what_to_make(files: GlyphFiles, tmp_path: Path) -> None:
    with pytest.raises(ZoographError, match="zoograph zoo measure glyphs"):
        run_study(DistanceStudy(GlyphFiles(files.plan, tmp_path / "none"), tmp_path))

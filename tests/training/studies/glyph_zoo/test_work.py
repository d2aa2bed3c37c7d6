"""Pieces of work of the glyph zoo: a row is what its images give, and files are whole or named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from zoograph.data.errors import ZoographError
from zoograph.data.records.collection import Collection
from zoograph.graphs.scores.compute import compute_scores
from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.training.measuring.head import measure_head
from zoograph.training.studies.glyph_zoo import work as glyph_work
from zoograph.training.studies.glyph_zoo.build import build_glyph_zoo, collect_glyph_zoo
from zoograph.training.studies.glyph_zoo.work import STAGES, GlyphFiles, read_pool


def test_a_row_is_what_its_images_give(zoo: Collection, files: GlyphFiles) -> None:
    """Measure one pair again from the trained model and the task's images alone."""
    model, task = files.plan.models[0], files.plan.tasks[1]
    pool = read_pool(files, task.domain)
    network = glyph_work.read_network(files, model.id).eval()
    sides = []
    for rows in pool.rows(task):
        with torch.inference_mode():
            body = network.forward_features(glyph_work.to_input(pool.images[rows]))
            seen = network.forward_head(body, pre_logits=True)
        sides.append((seen, torch.from_numpy(pool.targets(task, rows))))
    (run,) = [run for run in zoo.runs if (run.model, run.dataset, run.protocol) == (model.id, task.id, "head")]
    assert run.value == pytest.approx(measure_head(*sides[0], *sides[1]).accuracy, abs=0.011)
    (score,) = [row for row in zoo.scores if (row.model, row.dataset, row.name) == (model.id, task.id, "logme")]
    assert score.value == pytest.approx(compute_scores(ScoreInputs(*sides[0]), ["logme"])["logme"], rel=1e-3)


def test_a_piece_that_is_stopped_leaves_no_file_and_a_build_goes_on_with_it(
    copy_files: Callable[..., GlyphFiles],
    files: GlyphFiles,
    zoo: Collection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    again = copy_files("heads")

    def stop(*sides: object, seed: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(glyph_work, "measure_head", stop)
        with pytest.raises(KeyboardInterrupt):
            build_glyph_zoo(again)
    assert not list(tmp_path.glob("heads/*"))
    build_glyph_zoo(again)
    assert collect_glyph_zoo(again) == zoo


@pytest.mark.parametrize("stage", ["features", "heads"])
def test_a_damaged_file_is_named(
    copy_files: Callable[..., GlyphFiles], stage: str, files: GlyphFiles, tmp_path: Path
) -> None:
    again = copy_files("scores", stage)
    names = STAGES[stage].pieces(files.plan)[0]
    path = again.path(stage, names)
    path.parent.mkdir()
    for piece in STAGES[stage].pieces(files.plan):
        again.path(stage, piece).write_bytes(files.path(stage, piece).read_bytes())
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ZoographError, match=f"'{path}' must be as the glyph zoo left it .* Remove it and start again"):
        again.read_facts(stage, *names) if stage == "heads" else again.read_tensors(stage, *names)

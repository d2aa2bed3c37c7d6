"""The study of task-relatedness on a tiny glyph zoo."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from zoograph.data.errors import ZoographError
from zoograph.training.analysis.relatedness.relate import relate_tasks
from zoograph.training.studies.glyph_zoo.study import run_study
from zoograph.training.studies.glyph_zoo.work import GlyphFiles
from zoograph.training.studies.relatedness import study as module
from zoograph.training.studies.relatedness.report import report_study
from zoograph.training.studies.relatedness.study import RelatednessStudy


def test_a_piece_of_each_kind(files: GlyphFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "relate_tasks", lambda r, t, how: relate_tasks(r, t, replace(how, iterations=1)))
    monkeypatch.setattr(module, "OTHERS", ("h_score",))
    study = RelatednessStudy(files, tmp_path)
    found = {kind: study.measure(kind, *pairs[0]) for kind, pairs in study.pieces.items()}
    assert [facts["images"] for facts in found["pairs"]["shares"].values()] == [4, 5, 20, 100]
    assert found["pairs"]["head"] == 0.4
    assert found["pairs"]["bound"]["total"] == found["checks"]["quick"]["total"]
    assert found["checks"].keys() == {"quick", "full", "consistent", "k-means", "iterated"}
    assert 0.5 <= found["checks"]["iterated"]["agreement"] <= 1.0
    assert found["settings"].keys() == {
        "fixed-all",
        "learned-a",
        "learned-all",
        "learned-all, rounded",
        "learned-all, matched and rounded",
        "sparse",
    }
    asked = {pairs[0][0] for pairs in study.pieces.values()}
    assert {path.stem for path in (tmp_path / "references").iterdir()} == asked


@pytest.mark.slow
def test_every_piece_is_done_once(files: GlyphFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "relate_tasks", lambda r, t, how: relate_tasks(r, t, replace(how, iterations=2)))
    monkeypatch.setattr(module, "OTHERS", ("h_score", "leep", "ot_nce"))
    study = RelatednessStudy(files, tmp_path / "study")
    begun: list[str] = []
    run_study(study, begun.append)
    assert len(begun) == sum(map(len, study.pieces.values()))
    assert study.targets == ["glyph_print_b2_50", "glyph_thin_b2_50", "glyph_clutter_b2_50"]
    first = study.read("pairs", *study.pairs[0])
    assert [facts["images"] for facts in first["shares"].values()] == [4, 5, 20, 100]
    assert list(first["shares"]["1.0"]["scores"]) == ["relatedness", "h_score", "leep", "ot_nce"]
    report = report_study(study)
    assert report.num_finetuned == len([pair for pair in files.plan.finetuned if pair in study.pairs])
    assert [row.name for row in report.settings] == [
        "fixed-all",
        "learned-a",
        "learned-all",
        "learned-all, rounded",
        "learned-all, matched and rounded",
        "sparse",
    ]
    monkeypatch.setattr(module, "relate_tasks", None)  # nothing is computed again
    run_study(study)


def test_without_the_glyph_zoo_it_says_what_to_make(files: GlyphFiles, tmp_path: Path) -> None:
    with pytest.raises(ZoographError, match="zoograph zoo measure glyphs"):
        run_study(RelatednessStudy(GlyphFiles(files.plan, tmp_path / "none"), tmp_path))


def test_a_share_keeps_two_of_each_class() -> None:
    labels = torch.arange(100) % 4
    for share, count in ((0.01, 8), (0.2, 20), (1.0, 100)):
        rows = module._share(labels, share)
        assert len(rows) == count
        assert int(torch.bincount(labels[rows]).min()) >= 2

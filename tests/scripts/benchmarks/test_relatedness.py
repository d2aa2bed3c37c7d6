"""The files and tables of the study of task-relatedness."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from zoograph.data.errors import ZoographError
from zoograph.scripts.benchmarks import relatedness as module
from zoograph.scripts.benchmarks.relatedness import relatedness, write_study
from zoograph.training.studies.relatedness.report import Correlations, RelatednessStudyReport, Setting, TargetParts

SHARES = (0.01, 1.0)


@pytest.fixture
def report() -> RelatednessStudyReport:
    rows = [
        Correlations(
            score=name, share=share, models=value, models_error=0.1, models_kendall=0.2, targets=0.3, finetuned=-0.25
        )
        for share in SHARES
        for name, value in (("relatedness", 0.625), ("logme", 0.5))
    ]
    return RelatednessStudyReport(
        num_pairs=20,
        num_targets=2,
        num_finetuned=3,
        images=dict.fromkeys(SHARES, 8.0),
        correlations=rows,
        held=0.95,
        slack=0.125,
        parts=[TargetParts("thin", 1.0, 0.0, 0.25, 1.1), TargetParts("print", 0.5, 0.125, 0.25, 0.75)],
        quick_kendall=0.9375,
        quick_seconds=9.0,
        consistent_total=2.0,
        quick_total=1.0,
        unlabelled={},
        settings=[
            Setting(
                name="sparse",
                total=1.5,
                reference_loss=1.25,
                label_mismatch=0.0,
                distribution_mismatch=0.25,
                seconds=2.0,
                transport_seconds=0.5,
            )
        ],
        num_compared=5,
    )


def test_files_are_a_json_and_two_small_pictures(report: RelatednessStudyReport, tmp_path: Path) -> None:
    write_study(report, tmp_path / "new")
    assert json.loads((tmp_path / "new" / "study.json").read_text(encoding="utf-8"))["quick_kendall"] == 0.9375
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["parts.png", "shares.png", "study.json"]
    for name in ("parts", "shares"):
        path = tmp_path / "new" / f"{name}.png"
        with Image.open(path) as image:
            assert image.width == 1050
            assert len(image.getcolors(256) or []) > 10  # something is drawn
        assert path.stat().st_size < 150_000


def test_a_folder_that_cannot_be_made_is_said(report: RelatednessStudyReport, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ZoographError, match=r"cannot be written .*--out"):
        write_study(report, tmp_path / "file")


def test_the_tables(
    report: RelatednessStudyReport, run_command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("zoograph.training.studies.glyph_zoo.study.run_study", lambda study, begin: None)
    monkeypatch.setattr("zoograph.training.studies.relatedness.report.report_study", lambda study: report)
    ran = run_command(relatedness, "--out", str(tmp_path / "out"))
    assert ran.code == 0, ran.err
    words = " ".join(ran.out.replace("│", " ").split())
    assert "relatedness 0.625 0.625 logme 0.500 0.500" in words
    assert "sparse 1.500 1.250 0.000 0.250 2.0 0.5" in words
    assert "held for 95.0 % of 20 pairs" in words
    assert (tmp_path / "out" / "parts.png").exists()
    assert json.loads(run_command(relatedness, "--json").out)["num_finetuned"] == 3
    assert set(module._TITLES) <= set(Correlations.model_fields)

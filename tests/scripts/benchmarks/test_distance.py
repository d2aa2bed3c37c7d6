"""The files and tables of the study of parameter distances."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zoograph.data.errors import ZoographError
from zoograph.scripts.benchmarks.distance import distance, write_study
from zoograph.training.studies.distance.regression import PUBLISHED, Coefficient, Regression
from zoograph.training.studies.distance.report import ArchitectureSummary, DistanceStudyReport, PairDistance


def _regression(name: str, gap: float) -> Regression:
    values = {"gap": gap, "spread": 0.25, "log_images": -0.5}
    return Regression(
        name=name,
        coefficients=[
            Coefficient(name=key, value=value, lower=value - 0.125, upper=value + 0.125)
            for key, value in values.items()
        ],
        intercept=1.5,
        r_squared=0.75,
        within=0.625,
        num_pairs=9,
        num_models=2,
        num_clusters=3,
        weaker_than=[Coefficient(name="spread", value=0.125, lower=-0.25, upper=0.5)],
    )


@pytest.fixture
def report() -> DistanceStudyReport:
    random = np.random.default_rng(0)
    pairs = [
        PairDistance(
            model=f"{architecture}_latin",
            architecture=architecture,
            task=f"{family}_b2_10",
            family=family,
            blocks={f"block {place}": math.exp(random.normal()) for place in range(4)},
            log_t=1.0,
            log_t_l2=1.0,
            gap=1.0,
            full_gap=1.0,
            spread=0.5,
            log_images=3.0,
            log_steps=4.0,
            accuracy=0.5,
        )
        for architecture in ("resnet", "vit", "convnext")
        for family in ("print", "thin")
    ]
    pairs[0] = pairs[0].model_copy(update={"blocks": {**pairs[0].blocks, "block 2": math.inf}, "log_t": None})
    return DistanceStudyReport(
        pairs=pairs,
        num_unmoved=1,
        num_measured=6,
        num_alike=5,
        summary=[ArchitectureSummary("resnet", 3, 1.25, 2.5, 5.0)],
        correlations={},
        accuracy=-0.5,
        pooled=_regression("all models", -0.125),
        architectures=[_regression("resnet", -0.25)],
        variants=[_regression("L2 distance", 0.0)],
        published=list(PUBLISHED),
    )


def _is_drawn(content: Path | bytes) -> bool:
    from io import BytesIO

    with Image.open(BytesIO(content) if isinstance(content, bytes) else content) as image:
        return image.width == 1050 and len(image.getcolors(256) or []) > 10


def test_files_are_a_json_and_two_small_pictures(report: DistanceStudyReport, tmp_path: Path) -> None:
    write_study(report, tmp_path / "new")
    names = ["distance-blocks.png", "distance-forest.png", "distance.json"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == names
    written = json.loads((tmp_path / "new" / "distance.json").read_text(encoding="utf-8"))
    assert written["pairs"][0]["blocks"]["block 2"] == "Infinity"
    assert written["published"][0] == ["ResNet-50", [-0.26, 0.32, -0.61], 2.86]
    for name in names[:2]:
        assert _is_drawn(tmp_path / "new" / name)
        assert (tmp_path / "new" / name).stat().st_size < 150_000


def test_a_folder_that_cannot_be_made_is_said(report: DistanceStudyReport, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ZoographError, match=r"cannot be written .*--out"):
        write_study(report, tmp_path / "file")


def test_the_tables(
    report: DistanceStudyReport, run_command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("zoograph.training.studies.glyph_zoo.study.run_study", lambda study, begin: None)
    monkeypatch.setattr("zoograph.training.studies.distance.report.report_study", lambda study: report)
    monkeypatch.setenv("COLUMNS", "200")
    ran = run_command(distance, "--out", str(tmp_path / "out"))
    assert ran.code == 0, ran.err
    words = " ".join(ran.out.replace("│", " ").split())
    assert "resnet 3 1.25 2.50 5.00" in words
    assert "all models -0.12 ± 0.12 +0.25 ± 0.12 -0.50 ± 0.12 1.50 0.62" in words
    assert "L2 distance +0.00 ± 0.12 +0.25 ± 0.12 -0.50 ± 0.12 0.62" in words
    assert "ResNet-50, published -0.26 +0.32 -0.61 2.86" in words
    assert "|D| less |G|, all models: +0.12 ± 0.38." in words
    assert "1 of 6 pairs have a block that did not move" in words
    assert "r = -0.50 (5 pairs" in words
    assert "5 of 6 pairs reached" in words
    assert (tmp_path / "out" / "distance-forest.png").exists()
    assert json.loads(run_command(distance, "--json").out)["num_alike"] == 5

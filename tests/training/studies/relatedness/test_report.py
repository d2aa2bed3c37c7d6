"""The report of task-relatedness, on facts that are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.collections.glyphs.plan import GlyphPlan
from zoograph.training.studies.glyph_zoo.work import GlyphFiles
from zoograph.training.studies.relatedness.report import report_study
from zoograph.training.studies.relatedness.study import SHARES, RelatednessStudy


def write(path: Path, found: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found), encoding="utf-8")


def facts(score: float, head: float, share: float, bound: float, finetuned: float | None) -> dict[str, Any]:
    other = {"relatedness": score, "logme": head if share == 1.0 else -head}
    parts = {"reference_loss": bound - 0.3, "label_mismatch": 0.1, "distance": 10.0, "lipschitz": 0.02}
    return {
        "head": head,
        "finetuned": finetuned,
        "classes": 2,
        "shares": {str(s): {"images": 100 * s, "seconds": 2.0, "scores": other} for s in SHARES},
        "bound": {**parts, "total": bound},
        "true_loss": 1.0,
    }


def test_the_report_says_what_the_facts_say(plan: GlyphPlan, tmp_path: Path) -> None:
    study = RelatednessStudy(GlyphFiles(plan, tmp_path), tmp_path)
    seconds = {"head": 1.0, "transport": 2.0, "steps": 3.0, "evaluation": 0.0}
    level = {model.id: place for place, model in enumerate(plan.models)}
    for place, (model, target) in enumerate(study.pieces["pairs"]):
        head = 0.5 + level[model] / 10 + 0.01 * len(target)
        tuned = 0.9 - head if (model, target) in plan.finetuned else None
        write(study.path("pairs", model, target), facts(-head, head, 1.0, 1.2 if place else 0.9, tuned))
    for model, target in study.pieces["checks"]:
        total = 2.0 - level[model]
        guess = {"total": total + 0.25, "agreement": 0.5, "rounds": 1}
        ways = {"quick": total, "full": 2 * total, "consistent": total + 1}
        found = {name: {"total": value} for name, value in ways.items()}
        write(study.path("checks", model, target), {**found, "k-means": guess, "iterated": {**guess, "total": -total}})
    for model, target in study.pieces["settings"]:
        row = {**facts(0, 0, 1.0, 1.5, None)["bound"], "seconds": seconds}
        write(study.path("settings", model, target), {"sparse": row})
    report = report_study(study)
    by_score = {row.score: row for row in report.correlations if row.share == 1.0}
    assert by_score["logme"].models == pytest.approx(1.0)
    assert by_score["logme"].models_kendall == pytest.approx(1.0)
    assert by_score["relatedness"].models == pytest.approx(-1.0)
    assert by_score["relatedness"].targets == pytest.approx(-1.0)
    assert by_score["relatedness"].finetuned == pytest.approx(1.0)
    assert report.held == pytest.approx(1 - 1 / report.num_pairs)
    assert report.images == {0.01: 1.0, 0.05: 5.0, 0.2: 20.0, 1.0: 100.0}
    assert report.quick_seconds == pytest.approx(2.0 * len(plan.models))
    assert report.quick_kendall == pytest.approx(1.0)
    assert report.consistent_total - report.quick_total == pytest.approx(1.0)
    assert report.unlabelled["k-means"] == pytest.approx({"difference": 0.25, "agreement": 0.5, "kendall": 1.0})
    assert report.unlabelled["iterated"]["kendall"] == pytest.approx(-1.0)
    (setting,) = report.settings
    assert (setting.seconds, setting.transport_seconds) == (6.0, 2.0)
    assert setting.distribution_mismatch == pytest.approx(0.2)
    assert report.parts[0].true_loss == pytest.approx(1.0)

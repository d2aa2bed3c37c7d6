"""The study of task-relatedness on a tiny glyph zoo, and what its report makes of facts that are known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from zoograph.data.errors import ZoographError
from zoograph.data.files.tensors import save_tensors
from zoograph.data.glyphs.models import CORPORA, SourceModel
from zoograph.data.glyphs.plan import GlyphPlan
from zoograph.data.glyphs.tasks import list_tasks
from zoograph.training.analysis.relatedness.relate import relate_tasks
from zoograph.training.studies.glyph_zoo.study import run_study
from zoograph.training.studies.glyph_zoo.work import GlyphFiles, do_piece
from zoograph.training.studies.relatedness import study as module
from zoograph.training.studies.relatedness.report import report_study
from zoograph.training.studies.relatedness.study import SHARES, RelatednessStudy

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


@pytest.fixture(scope="module")
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
    assert report.num_finetuned == len([pair for pair in TINY.finetuned if pair in study.pairs])
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


def test_without_the_glyph_zoo_it_says_what_to_make(tmp_path: Path) -> None:
    with pytest.raises(ZoographError, match="zoograph zoo measure glyphs"):
        run_study(RelatednessStudy(GlyphFiles(TINY, tmp_path / "none"), tmp_path))


def test_a_share_keeps_two_of_each_class() -> None:
    labels = torch.arange(100) % 4
    for share, count in ((0.01, 8), (0.2, 20), (1.0, 100)):
        rows = module._share(labels, share)
        assert len(rows) == count
        assert int(torch.bincount(labels[rows]).min()) >= 2


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


def test_the_report_says_what_the_facts_say(tmp_path: Path) -> None:
    study = RelatednessStudy(GlyphFiles(TINY, tmp_path), tmp_path)
    seconds = {"head": 1.0, "transport": 2.0, "steps": 3.0, "evaluation": 0.0}
    level = {model.id: place for place, model in enumerate(TINY.models)}
    for place, (model, target) in enumerate(study.pieces["pairs"]):
        head = 0.5 + level[model] / 10 + 0.01 * len(target)
        tuned = 0.9 - head if (model, target) in TINY.finetuned else None
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
    assert report.quick_seconds == pytest.approx(2.0 * len(TINY.models))
    assert report.quick_kendall == pytest.approx(1.0)
    assert report.consistent_total - report.quick_total == pytest.approx(1.0)
    assert report.unlabelled["k-means"] == pytest.approx({"difference": 0.25, "agreement": 0.5, "kendall": 1.0})
    assert report.unlabelled["iterated"]["kendall"] == pytest.approx(-1.0)
    (setting,) = report.settings
    assert (setting.seconds, setting.transport_seconds) == (6.0, 2.0)
    assert setting.distribution_mismatch == pytest.approx(0.2)
    assert report.parts[0].true_loss == pytest.approx(1.0)

"""The study of parameter distances on a tiny glyph zoo."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from zoograph.data.errors import ZoographError
from zoograph.data.files.kept import keep_facts
from zoograph.data.files.tensors import save_tensors
from zoograph.data.glyphs.models import CORPORA, SourceModel
from zoograph.data.glyphs.plan import GlyphPlan
from zoograph.data.glyphs.tasks import list_tasks
from zoograph.graphs.scores.analysis.domain_gap import domain_gap
from zoograph.graphs.scores.analysis.intraclass_variance import intraclass_variance
from zoograph.training.studies.distance import study as module
from zoograph.training.studies.distance.report import report_study
from zoograph.training.studies.distance.study import PAIRS, DistanceStudy
from zoograph.training.studies.glyph_zoo import sources as glyph_sources
from zoograph.training.studies.glyph_zoo.sources import draw_weights, train_source
from zoograph.training.studies.glyph_zoo.study import run_study
from zoograph.training.studies.glyph_zoo.work import GlyphFiles, do_piece, read_pool

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


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
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


def test_a_source_model_starts_from_the_weights_that_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyph_sources, "fit_quietly", lambda *_, **__: None)
    model = TINY.models[0]
    begun = train_source(model, torch.zeros(24, 1, 32, 32), torch.arange(24) % 4, seed=3).state_dict()
    drawn, other = (draw_weights(model, seed).state_dict() for seed in (3, 4))
    assert all(torch.equal(begun[name], drawn[name]) for name in begun)
    assert not all(torch.equal(begun[name], other[name]) for name in begun)


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
    for model, task in study.pieces[PAIRS][:TUNED]:
        found = study.read(PAIRS, model, task)
        held = len(study.files.plan.task(task).characters) * max(
            1, round(0.2 * study.files.plan.task(task).train_per_class)
        )
        assert found["steps"] == found["best_epoch"] * math.ceil((found["images"] - held) / 32)


def test_the_report_says_what_the_files_say(study: DistanceStudy, files: GlyphFiles) -> None:
    do_piece(files, "finetuning", study.pieces[PAIRS][0])
    report = report_study(study)
    assert len(report.pairs) == len(study.pieces[PAIRS]) == 18
    assert report.num_unmoved == 0
    assert (report.num_measured, report.num_alike) == (1, 1)
    pair = report.pairs[5]
    found = study.read(PAIRS, pair.model, pair.task)
    ratios = {name: random / pretrained for name, random, pretrained in found["distances"]["l1"]}
    assert pair.blocks == pytest.approx(ratios)
    assert pair.log_t == pytest.approx(math.log(np.mean(list(ratios.values()))))
    assert math.exp(pair.log_images) == pytest.approx(found["images"])
    task = TINY.task(pair.task)
    seen, _ = files.read_tensors("features", pair.model, task.domain)
    pool = read_pool(files, task.domain)
    rows, _ = pool.rows(task)
    probe, _ = files.read_tensors("probes", pair.model)
    assert pair.gap == pytest.approx(domain_gap(probe["features"], seen["features"][rows]))
    targets = torch.from_numpy(pool.targets(task, rows))
    assert pair.spread == pytest.approx(intraclass_variance(seen["features"][rows], targets))
    assert [row.name for row in report.architectures] == ["efficientnet", "resnet", "vit"]
    assert report.pooled.num_models == 3
    assert report.pooled.num_clusters == 3
    assert [row.num_pairs for row in report.summary] == [6, 6, 6]
    assert len(report.variants[-1].coefficients) == 4
    assert json.loads(report.model_dump_json())["published"][0][0] == "ResNet-50"


def test_a_block_that_did_not_move_is_counted_and_left_out(study: DistanceStudy, tmp_path: Path) -> None:
    copy = DistanceStudy(study.files, tmp_path)
    (tmp_path / PAIRS).mkdir()
    for place, pair in enumerate(study.pieces[PAIRS]):
        found = study.read(PAIRS, *pair)
        if place == 0:
            found["distances"]["l1"][0][2] = 0.0
        copy.path(PAIRS, *pair).write_text(json.dumps(found), encoding="utf-8")
    report = report_study(copy)
    assert report.num_unmoved == 1
    assert report.pairs[0].log_t is None
    assert report.pooled.num_pairs == 17
    assert "Infinity" in report.model_dump_json()


def test_without_the_glyph_zoo_it_says_what_to_make(tmp_path: Path) -> None:
    with pytest.raises(ZoographError, match="zoograph zoo measure glyphs"):
        run_study(DistanceStudy(GlyphFiles(TINY, tmp_path / "none"), tmp_path))

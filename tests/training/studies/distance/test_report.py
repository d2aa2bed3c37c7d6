"""The report of parameter distances says what the files say."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from zoograph.graphs.scores.analysis.domain_gap import domain_gap
from zoograph.graphs.scores.analysis.intraclass_variance import intraclass_variance
from zoograph.training.studies.distance.report import report_study
from zoograph.training.studies.distance.study import PAIRS, DistanceStudy
from zoograph.training.studies.glyph_zoo.work import GlyphFiles, do_piece, read_pool


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
    task = study.files.plan.task(pair.task)
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

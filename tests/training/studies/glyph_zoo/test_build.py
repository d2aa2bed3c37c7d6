from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from zoograph.data.collections.tables import read_tables, write_tables
from zoograph.data.errors import ZoographError
from zoograph.data.glyphs.models import CORPORA, SourceModel
from zoograph.data.glyphs.plan import GlyphPlan
from zoograph.data.glyphs.tasks import list_tasks
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol
from zoograph.graphs.scores.compute import compute_scores
from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.registry import SCORES
from zoograph.training.measuring.head import measure_head
from zoograph.training.studies.glyph_zoo import work as glyph_work
from zoograph.training.studies.glyph_zoo.build import (
    build_glyph_zoo,
    collect_glyph_zoo,
    count_pieces,
    count_undefined,
    seconds_by_stage,
)
from zoograph.training.studies.glyph_zoo.work import STAGES, GlyphFiles, read_pool

_CORPUS = replace(CORPORA["latin"], characters="ABCDEF", train_per_class=20, test_per_class=4)
TINY = GlyphPlan(
    models=(SourceModel("resnet", _CORPUS, 1), SourceModel("efficientnet", _CORPUS, 1)),
    tasks=tuple(task for task in list_tasks({"print": (2,), "thin": (4,)}, (5,)) if task.split != "c"),
    relating_model="glyph_resnet_latin",
    finetune_one_in=4,
    finetune_images=80,
    probe_per_class=3,
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> GlyphFiles:
    files = GlyphFiles(TINY, tmp_path_factory.mktemp("glyphs"))
    build_glyph_zoo(files)
    return files


@pytest.fixture
def zoo(files: GlyphFiles) -> Collection:
    return collect_glyph_zoo(files)


def _copy(files: GlyphFiles, folder: Path, *, without: tuple[str, ...]) -> GlyphFiles:
    """Return files where some stages are still to be done."""
    for stage in STAGES:
        if stage not in without:
            (folder / stage).symlink_to(files.folder / stage)
    return GlyphFiles(files.plan, folder)


def test_every_pair_has_a_head_and_every_score_and_some_are_fine_tuned(zoo: Collection, files: GlyphFiles) -> None:
    pairs = {(model.id, task.id) for model in TINY.models for task in TINY.tasks}
    heads = [(run.model, run.dataset) for run in zoo.runs if run.protocol is Protocol.HEAD]
    tuned = [(run.model, run.dataset) for run in zoo.runs if run.protocol is Protocol.FINETUNE]
    assert sorted(heads) == sorted(pairs)
    assert sorted(tuned) == sorted(TINY.finetuned)
    assert len(tuned) == 2
    undefined = sum(count_undefined(files).values())
    assert len(zoo.scores) + undefined == len(pairs) * len(SCORES)
    assert len(zoo.relations) == 6
    assert min(relation.value for relation in zoo.relations) > 0
    sizes = {(run.dataset, run.train_size, run.test_size) for run in zoo.runs}
    assert ("glyph_print_b2_5", 10, 400) in sizes
    assert ("glyph_thin_a4_5", 20, 400) in sizes


def test_the_tables_can_be_written_and_read(zoo: Collection, tmp_path: Path) -> None:
    write_tables(zoo, tmp_path)
    back = read_tables(tmp_path)
    assert back.counts() == zoo.counts()
    assert {run.identity for run in back.runs} == {run.identity for run in zoo.runs}


def test_a_row_is_what_its_images_give(zoo: Collection, files: GlyphFiles) -> None:
    """Measure one pair again from the trained model and the task's images alone."""
    model, task = TINY.models[0], TINY.tasks[1]
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


def test_cards_of_models_say_how_good_they_are_at_home(zoo: Collection, files: GlyphFiles) -> None:
    for card in zoo.models:
        accuracy = files.read_tensors("sources", card.id)[1]["accuracy"]
        assert card.source_accuracy == round(accuracy, 6)
        assert card.pretrained_on == "glyph_corpus_latin"


def test_pieces_of_a_stage_may_be_done_in_any_order(
    files: GlyphFiles, zoo: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As processes do it: all pieces of a stage begin before the first is waited for, and the last may end first."""
    begun: list[Callable[[], Any]] = []

    def wait() -> None:
        while begun:
            begun.pop()()

    @contextmanager
    def workers(processes: int) -> Iterator[Any]:
        assert processes == 3
        yield lambda function, *arguments: begun.append(partial(function, *arguments)) or wait

    monkeypatch.setattr("zoograph.training.studies.glyph_zoo.build.workers", workers)
    again = _copy(files, tmp_path, without=("heads", "scores", "relations"))
    build_glyph_zoo(again, processes=3)
    assert collect_glyph_zoo(again) == zoo


@pytest.mark.slow
def test_it_does_not_depend_on_the_number_of_processes(files: GlyphFiles, zoo: Collection, tmp_path: Path) -> None:
    again = _copy(
        files, tmp_path, without=("sources", "probes", "features", "heads", "scores", "finetuning", "relations")
    )
    build_glyph_zoo(again, processes=2)
    assert collect_glyph_zoo(again) == zoo


def test_finished_work_is_not_done_again(files: GlyphFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*piece: object) -> None:
        raise AssertionError(f"{piece} is done already")

    monkeypatch.setattr("zoograph.training.studies.glyph_zoo.build.do_piece", refuse)
    begun: list[str] = []
    build_glyph_zoo(files, begin=begun.append)
    assert len(begun) == count_pieces(files)
    assert list(dict.fromkeys(begun)) == list(STAGES)


@pytest.mark.slow
def test_a_build_that_is_killed_goes_on_where_it_was(files: GlyphFiles, zoo: Collection, tmp_path: Path) -> None:
    again = _copy(files, tmp_path, without=("heads", "scores", "finetuning", "relations"))
    builder = multiprocessing.get_context("spawn").Process(target=build_glyph_zoo, args=(again,))
    builder.start()
    while not list(tmp_path.glob("heads/*.json")):
        assert builder.is_alive()
        time.sleep(0.005)
    builder.kill()
    builder.join()
    done = {path: path.stat().st_mtime_ns for path in tmp_path.glob("heads/*.json")}
    assert not (tmp_path / "relations").exists()
    build_glyph_zoo(again)
    assert collect_glyph_zoo(again) == zoo
    assert {path: path.stat().st_mtime_ns for path in done} == done


def test_a_piece_that_is_stopped_leaves_no_file_and_a_build_goes_on_with_it(
    files: GlyphFiles, zoo: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = _copy(files, tmp_path, without=("heads",))

    def stop(*sides: object, seed: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(glyph_work, "measure_head", stop)
    with pytest.raises(KeyboardInterrupt):
        build_glyph_zoo(again)
    assert not list(tmp_path.glob("heads/*"))
    monkeypatch.undo()
    build_glyph_zoo(again)
    assert collect_glyph_zoo(again) == zoo


@pytest.mark.parametrize("stage", ["features", "heads"])
def test_a_damaged_file_is_named(stage: str, files: GlyphFiles, tmp_path: Path) -> None:
    again = _copy(files, tmp_path, without=("scores", stage))
    names = STAGES[stage].pieces(TINY)[0]
    path = again.path(stage, names)
    path.parent.mkdir()
    for piece in STAGES[stage].pieces(TINY):
        again.path(stage, piece).write_bytes(files.path(stage, piece).read_bytes())
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ZoographError, match=f"'{path}' must be as the glyph zoo left it .* Remove it and start again"):
        again.read_facts(stage, *names) if stage == "heads" else again.read_tensors(stage, *names)


def test_seconds_are_told_by_stage(files: GlyphFiles) -> None:
    seconds = seconds_by_stage(files)
    assert list(seconds) == list(STAGES)
    heads = [json.loads(path.read_text())["seconds"] for path in files.folder.glob("heads/*.json")]
    assert seconds["heads"] == pytest.approx(sum(heads), abs=0.051)
    assert seconds["sources"] > 0

"""Builds of the glyph zoo: whole, in any order, and taken up where they stopped."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.collections.tables import read_tables, write_tables
from zoograph.data.files.facts import load_facts
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol
from zoograph.graphs.scores.registry import SCORES
from zoograph.training.studies.glyph_zoo.build import (
    build_glyph_zoo,
    collect_glyph_zoo,
    count_pieces,
    count_undefined,
    seconds_by_stage,
)
from zoograph.training.studies.glyph_zoo.work import STAGES, GlyphFiles


def test_every_pair_has_a_head_and_every_score_and_some_are_fine_tuned(zoo: Collection, files: GlyphFiles) -> None:
    pairs = {(model.id, task.id) for model in files.plan.models for task in files.plan.tasks}
    heads = [(run.model, run.dataset) for run in zoo.runs if run.protocol is Protocol.HEAD]
    tuned = [(run.model, run.dataset) for run in zoo.runs if run.protocol is Protocol.FINETUNE]
    assert sorted(heads) == sorted(pairs)
    assert sorted(tuned) == sorted(files.plan.finetuned)
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


def test_cards_of_models_say_how_good_they_are_at_home(zoo: Collection, files: GlyphFiles) -> None:
    for card in zoo.models:
        accuracy = files.read_tensors("sources", card.id)[1]["accuracy"]
        assert card.source_accuracy == round(accuracy, 6)
        assert card.pretrained_on == "glyph_corpus_latin"


def test_pieces_of_a_stage_may_be_done_in_any_order(
    copy_files: Callable[..., GlyphFiles],
    files: GlyphFiles,
    zoo: Collection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
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
    again = copy_files("heads", "scores", "relations")
    build_glyph_zoo(again, processes=3)
    assert collect_glyph_zoo(again) == zoo


@pytest.mark.slow
def test_it_does_not_depend_on_the_number_of_processes(
    copy_files: Callable[..., GlyphFiles], files: GlyphFiles, zoo: Collection, tmp_path: Path
) -> None:
    again = copy_files("sources", "probes", "features", "heads", "scores", "finetuning", "relations")
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
def test_a_build_that_is_killed_goes_on_where_it_was(
    copy_files: Callable[..., GlyphFiles], files: GlyphFiles, zoo: Collection, tmp_path: Path
) -> None:
    again = copy_files("heads", "scores", "finetuning", "relations")
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


def test_seconds_are_told_by_stage(files: GlyphFiles) -> None:
    seconds = seconds_by_stage(files)
    assert list(seconds) == list(STAGES)
    heads = [load_facts(path)["seconds"] for path in files.folder.glob("heads/*.json")]
    assert seconds["heads"] == pytest.approx(sum(heads), abs=0.051)
    assert seconds["sources"] > 0

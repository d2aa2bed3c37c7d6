"""``relatedness`` from the outside: what it prints, what it keeps, and what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zoograph.data.collections.glyphs.models import CORPORA
from zoograph.data.store.store import RecordStore
from zoograph.data.text.lookup import text_for
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, RELATED_TO
from zoograph.graphs.scores.relatedness.bound import Bound
from zoograph.scripts.commands.relatedness import _PARTS, _SETTINGS, _notes, relatedness
from zoograph.training.analysis.relatedness import own_images
from zoograph.training.analysis.relatedness.own_images import ModelRelatedness, RelatednessReport
from zoograph.training.analysis.relatedness.relate import Relating, Setting
from zoograph.training.analysis.relatedness.relations import relation_name

Command = Callable[..., Any]
Options = tuple[str, ...]


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """A folder of 2 x 8 images: dark and bright ones."""
    random = np.random.default_rng(1)
    for name, level in (("dark", 20), ("bright", 200)):
        (tmp_path / "shapes" / name).mkdir(parents=True)
        for row in range(8):
            pixels = (level + random.integers(0, 40, (24, 24, 3))).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "shapes" / name / f"{row}.png")
    return tmp_path / "shapes"


def _ask(mine: Options, reference: Path | str, target: Path, *more: str) -> tuple[str, ...]:
    return (*mine, "--reference", str(reference), "--target", str(target), *more)


def test_the_bound_and_its_parts(animals: Path, shapes: Path, mine: Options, run_command: Command) -> None:
    ran = run_command(relatedness, *_ask(mine, animals, shapes, "--json"))
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert (found["reference"], found["target"], found["failures"]) == ("animals", "shapes", [])
    (row,) = found["models"]
    parts = row["reference_loss"] + row["label_mismatch"] + row["distribution_mismatch"]
    assert row["bound"] == pytest.approx(parts)
    assert row["distribution_mismatch"] == pytest.approx(row["distance"] * row["lipschitz"])
    assert row["label_mismatch"] == 0
    assert row["held"] == (row["true_loss"] <= row["bound"])


def test_the_table_and_that_nothing_is_done_twice(
    animals: Path, shapes: Path, mine: Options, run_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = json.loads(run_command(relatedness, *_ask(mine, animals, shapes, "--json")).out)["models"][0]

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("nothing is computed again")

    monkeypatch.setattr("zoograph.data.networks.features.extract", refuse)
    monkeypatch.setattr("zoograph.training.analysis.relatedness.kept.relate_tasks", refuse)
    ran = run_command(relatedness, *_ask(mine, animals, shapes))
    assert ran.code == 0, ran.err
    assert f"{first['bound']:.3f}" in ran.out
    assert "Loss on shapes after transfer from animals" in " ".join(ran.out.split())
    assert re.search(
        r"computed: head [\d.]+ s \(\d+ %\), transport [\d.]+ s .*, evaluation [\d.]+ s", " ".join(ran.out.split())
    )


def test_without_labels_there_is_no_true_loss(animals: Path, shapes: Path, mine: Options, run_command: Command) -> None:
    (row,) = json.loads(run_command(relatedness, *_ask(mine, animals, shapes, "--unlabelled", "--json")).out)["models"]
    assert row["true_loss"] is None
    assert row["held"] is None
    assert row["bound"] > 0


def test_the_relation_becomes_an_edge_of_the_graph(
    animals: Path, shapes: Path, mine: Options, run_command: Command
) -> None:
    ran = run_command(relatedness, *_ask(mine, animals, shapes, "--store", "--json"))
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    (relation,) = found["stored"]
    name = relation_name(found["models"][0]["model"])
    assert (relation["dataset"], relation["other"], relation["name"]) == ("animals", "shapes", name)
    with RecordStore.open() as store:
        zoo = store.snapshot()
    graph = build_graph(zoo, text_for(zoo).lookup)
    edges, column = graph[RELATED_TO], graph[RELATED_TO].names.index(name)
    known = edges.edge_attr_mask[:, column]
    assert edges.edge_attr[known, column].tolist() == pytest.approx([relation["value"]])
    ends = [graph[DATASET].ids[node] for node in edges.edge_index[:, known].flatten().tolist()]
    assert ends == ["animals", "shapes"]


def test_what_has_no_labels_is_not_stored(animals: Path, shapes: Path, mine: Options, run_command: Command) -> None:
    ran = run_command(relatedness, *_ask(mine, animals, shapes, "--store", "--unlabelled"))
    assert ran.code == 2
    assert "stored between labelled datasets" in ran.err


def test_a_corpus_of_glyphs_is_a_reference(
    shapes: Path, mine: Options, run_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = replace(CORPORA["symbols"], characters="←↑→↓", test_per_class=8)
    monkeypatch.setitem(CORPORA, "symbols", few)
    ran = run_command(relatedness, *_ask(mine, "symbols", shapes, "--max-images", "300", "--json"))
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["reference"] == "glyph_corpus_symbols"


def test_a_reference_with_too_few_classes_fails_in_one_sentence(
    animals: Path, shapes: Path, mine: Options, run_command: Command
) -> None:
    ran = run_command(relatedness, *_ask(mine, shapes, animals, "--json"))
    assert ran.code == 2
    assert "has 2 classes, and 3 are needed" in ran.err


def test_a_bound_that_promises_nothing_is_called_so() -> None:
    def report(loss: float) -> RelatednessReport:
        one = ModelRelatedness("a", Bound(loss, 0.0, 0.0, 1.0, 0), None, dict.fromkeys(_PARTS, 1.0))
        return RelatednessReport("animals", "shapes", (one,), (), num_classes=3)

    assert not [note for note in _notes(report(1.0)) if "promises" in note]
    assert any("guesses among 3 classes has a loss of 1.099: a bound above" in note for note in _notes(report(1.2)))


def test_settings_are_those_that_there_are(animals: Path, shapes: Path, mine: Options, run_command: Command) -> None:
    assert set(_SETTINGS) == {setting.value for setting in Setting}
    ran = run_command(relatedness, *_ask(mine, animals, shapes, "--setting", "learnt"))
    assert ran.code == 2
    assert "'--setting' must be one of sparse, learned-all" in ran.err
    learned = run_command(
        relatedness, *_ask(mine, animals, shapes, "--setting", "learned-all", "--iterations", "3", "--json")
    )
    assert json.loads(learned.out)["models"][0]["label_mismatch"] > 0


def test_slope_batch_and_seed_are_options(
    animals: Path, shapes: Path, mine: Options, run_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Relating] = []

    def remember(subject: object, reference: object, how: Relating, *_: object, **__: object) -> RelatednessReport:
        asked.append(how)
        return RelatednessReport("animals", "shapes", (), ())

    monkeypatch.setattr(own_images, "rank_on_images", remember)
    given = ("--tau", "0.5", "--batch-size", "7", "--seed", "3", "--setting", "learned-all", "--iterations", "4")
    assert run_command(relatedness, *_ask(mine, animals, shapes, *given)).code == 0
    assert run_command(relatedness, *_ask(mine, animals, shapes)).code == 0
    learned = Relating(Setting.LEARNED_ALL, samples=500, iterations=4, batch_size=7, seed=3, tau=0.5)
    assert asked == [learned, Relating(samples=500)]

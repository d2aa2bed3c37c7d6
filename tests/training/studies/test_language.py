"""The study of language: its tasks, and what is measured of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from zoograph.data.networks.encoders import load_encoder
from zoograph.data.testing.tiny_encoders import make_tiny_encoder
from zoograph.training.studies import language
from zoograph.training.studies.language import ENCODERS, make_tasks, measure_language


def test_tasks_are_the_same_every_time() -> None:
    tasks = {task.card.id: task for task in make_tasks(10)}
    assert {name: (len(task), len(task.classes)) for name, task in tasks.items()} == {
        "libraries": (60, 6),
        "scipy": (60, 6),
        "torch": (50, 5),
        "names": (50, 5),
        "opinions": (20, 2),
    }
    assert [task.digest for task in make_tasks(10)] == [task.digest for task in tasks.values()]


def test_an_encoder_is_cut_after_its_first_layers() -> None:
    whole, cut = ENCODERS["whole"](), ENCODERS["words alone"]()
    assert whole.digest != cut.digest
    assert sum(weight.numel() for weight in cut.network.parameters()) < sum(
        weight.numel() for weight in whole.network.parameters()
    )


def test_every_pair_has_a_head_and_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOOGRAPH_HOME", str(tmp_path / "home"))
    folder = str(make_tiny_encoder(tmp_path / "tiny"))
    few = list(make_tasks(10))[-2:]
    encoders: dict[str, Callable[[], object]] = {
        "tiny": lambda: load_encoder(folder),
        "drawn": lambda: load_encoder(folder, "random"),
    }
    monkeypatch.setattr(language, "ENCODERS", encoders)
    monkeypatch.setattr(language, "make_tasks", lambda size: few)
    steps: list[tuple[int, int]] = []
    found = measure_language(10, lambda *step: steps.append(step))
    assert len(found.runs) == steps[-1][0] == 4
    assert {(score.model, score.dataset) for score in found.scores} == {(run.model, run.dataset) for run in found.runs}
    assert [card.id for card in found.models] == ["tiny", "drawn"]

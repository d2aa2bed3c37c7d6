"""The loop of a study: each piece leaves a file, and what is finished is not done again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from zoograph.data.collections.glyphs.plan import full_plan
from zoograph.data.errors import ZoographError
from zoograph.data.files.kept import Facts
from zoograph.training.studies.glyph_zoo.study import GlyphStudy, Pair, run_study
from zoograph.training.studies.glyph_zoo.work import GlyphFiles


@dataclass(frozen=True)
class Toy(GlyphStudy):
    """Two kinds of work that count how often they are done."""

    needs = ("heads",)
    calls: Counter[tuple[str, ...]] = field(default_factory=Counter)

    @property
    def pieces(self) -> dict[str, list[Pair]]:
        return {"first": [("m", "a"), ("m", "b")], "second": [("m", "a")]}

    def measure(self, kind: str, model: str, task: str) -> Facts:
        if self.calls.total() == 2:
            raise KeyboardInterrupt
        self.calls[kind, model, task] += 1
        return {"kind": kind, "task": task}


@pytest.fixture
def study(tmp_path: Path) -> Toy:
    (tmp_path / "glyphs" / "heads").mkdir(parents=True)
    return Toy(GlyphFiles(full_plan(), tmp_path / "glyphs"), tmp_path / "study")


def test_a_study_that_was_stopped_goes_on(study: Toy) -> None:
    begun: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        run_study(study, begun.append)
    assert begun == ["first a", "first b", "second a"]
    study.calls.clear()
    run_study(study)
    assert study.calls == {("second", "m", "a"): 1}
    assert study.num_pieces == 3
    assert study.read("first", "m", "b") == {"kind": "first", "task": "b"}
    assert sorted(path.relative_to(study.folder).as_posix() for path in study.folder.rglob("*.json")) == [
        "first/m--a.json",
        "first/m--b.json",
        "second/m--a.json",
    ]


def test_a_study_asks_for_the_stages_that_it_needs(tmp_path: Path) -> None:
    with pytest.raises(ZoographError, match="got none of heads"):
        run_study(Toy(GlyphFiles(full_plan(), tmp_path / "none"), tmp_path))

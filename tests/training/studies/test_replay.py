"""A replay: what arrives is learned, what is asked is not, and an interrupted one goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zoograph.data.errors import ZoographError
from zoograph.data.records.zoo import Zoo
from zoograph.data.testing.hash_encoder import hash_encoder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.data.text.table import TextTable
from zoograph.data.text.words import zoo_texts
from zoograph.training.predictors.evidence import TrainingConfig
from zoograph.training.studies import replay as module
from zoograph.training.studies.replay import BASELINES, replay
from zoograph.training.versions.listing import list_versions

ZOO = make_synthetic_zoo(8, 40, seed=1).zoo
CONFIG = TrainingConfig(num_steps=3, warm_steps=2, num_records=60)


@pytest.fixture(autouse=True)
def _hashed_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    def hashed(zoo: Zoo) -> TextTable:
        encoder = hash_encoder(8)
        return TextTable.empty(encoder).extended(encoder, zoo_texts(zoo.models.values(), zoo.datasets.values()))

    monkeypatch.setattr(module, "text_for", hashed)


def test_an_interrupted_replay_goes_on_to_the_same_end(tmp_path: Path) -> None:
    whole = replay(ZOO, tmp_path / "whole", 120, config=CONFIG)
    assert [step.records for step in whole] == [120, 240, 320]
    assert all(step.baselines.keys() == set(BASELINES) for step in whole)
    assert whole[-1].error < 0.15
    begun: list[str] = []
    first = replay(ZOO, tmp_path / "parts", 120, config=CONFIG, most=1)
    again = replay(ZOO, tmp_path / "parts", 120, config=CONFIG, begin=begun.append)
    assert begun == ["240 records", "320 records"]
    assert again[0] == first[0]
    assert [(s.records, s.start, s.promoted, s.error) for s in again] == [
        (s.records, s.start, s.promoted, s.error) for s in whole
    ]
    kept = list_versions(tmp_path / "parts" / "predictors").readable
    assert [manifest.num_records for manifest in kept] == [120, 240, 320]


def test_another_replay_is_not_continued(tmp_path: Path) -> None:
    (tmp_path / "steps.json").write_text(json.dumps({"about": {"seed": 7}, "steps": []}))
    with pytest.raises(ZoographError, match="holds the steps of another replay"):
        replay(ZOO, tmp_path, 120, config=CONFIG)
    (tmp_path / "steps.json").write_text("[]")
    with pytest.raises(ZoographError, match="must hold the steps of a replay"):
        replay(ZOO, tmp_path, 120, config=CONFIG)

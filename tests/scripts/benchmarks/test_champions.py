"""`benchmark champions`: what is printed of trials that were kept."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from zoograph.scripts.main import main
from zoograph.training.studies import champions
from zoograph.training.studies.champions import Trial


def test_table_and_json(run_predict: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    trials = [Trial(0, "noisy", False, True, 0.02, 0.03), Trial(0, "good", True, False, 0.02, 0.019)]
    monkeypatch.setattr(champions, "simulate", lambda folder, draws, begin: trials)
    ran = run_predict("benchmark", "champions", "--draws", "1", "--json", entry=main)
    assert ran.code == 0, ran.err
    noisy, good = json.loads(ran.out)["kinds"]
    assert (noisy["promoted"], noisy["added"], good["promoted"]) == (0, None, 1)
    ran = run_predict("benchmark", "champions", "--draws", "1", entry=main)
    words = " ".join(ran.out.split())
    assert "noisy 1 0 1 – +50.0 %" in words
    assert "good 1 1 0 -5.0 % -5.0 %" in words

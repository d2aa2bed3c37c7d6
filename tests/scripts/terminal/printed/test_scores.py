"""The table of how scores agree with accuracy."""

from __future__ import annotations

import pytest

from zoograph.scripts.terminal.printed.scores import print_quality
from zoograph.training.evaluation.score_quality import Agreement, ScoreQuality


def _agreement(mean: float, error: float | None) -> Agreement:
    return Agreement(mean=mean, standard_error=error, num_rankings=12, num_undefined=0)


def test_a_line_for_each_score(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    rows = [
        ScoreQuality(name="logme", models=_agreement(0.5, 0.125), tasks=_agreement(0.25, None), num_pairs=1234),
        ScoreQuality(name="mean", models=None, tasks=_agreement(0.75, 0.0625), num_pairs=9),
    ]
    print_quality(rows)
    lines = [" ".join(line.replace("│", " ").split()) for line in capsys.readouterr().out.splitlines()]
    assert "logme 0.500 ± 0.125 0.250 1,234" in lines
    assert "mean – 0.750 ± 0.062 9" in lines

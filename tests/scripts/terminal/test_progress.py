"""Progress: only on a terminal, only after half a second, and what the library says that it does."""

from __future__ import annotations

import io
import sys
import time

import pytest

from zoograph.scripts.terminal import progress
from zoograph.scripts.terminal.messages import Loudness, listening, say_stage
from zoograph.scripts.terminal.progress import count_bar, progress_bar, stage_bar


class Terminal(io.StringIO):
    """A terminal that remembers what was written to it."""

    def isatty(self) -> bool:
        return True


def _terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    written = Terminal()
    monkeypatch.setattr(sys, "stderr", written)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    return written


def test_a_quick_command_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _terminal(monkeypatch)
    with progress_bar("Predicting") as advance:
        advance(1, 2)
    assert terminal.getvalue() == ""


def test_a_slow_one_says_what_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _terminal(monkeypatch)
    monkeypatch.setattr(progress, "PATIENCE_S", 0.05)
    with listening(), progress_bar("Predicting") as advance:
        time.sleep(0.2)
        say_stage("Counting images")
        time.sleep(0.4)
        say_stage("Training a predictor")
        advance(1, 4)
        time.sleep(0.4)
    said = terminal.getvalue()
    assert said.index("Predicting") < said.index("Counting images") < said.index("Training a predictor")
    assert "25%" in said


@pytest.mark.parametrize("quiet", [True, False])
def test_nothing_without_a_terminal_or_if_quiet(
    quiet: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    written = Terminal() if quiet else io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    with listening() as messages:
        messages.loudness = Loudness.QUIET if quiet else Loudness.NORMAL
        with progress_bar("Predicting") as advance:
            advance(1, 2)
            time.sleep(0.2)
    assert written.getvalue() == ""


def test_pieces_of_work_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _terminal(monkeypatch)
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    with count_bar(2) as begin:
        for name in ("ridge", "boosting"):
            begin(name)
            time.sleep(0.3)
    said = terminal.getvalue()
    assert said.index("ridge") < said.index("boosting")
    assert "50%" in said


def test_a_stage_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _terminal(monkeypatch)
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    with stage_bar() as tell:
        tell("training models", 3, 4)
        time.sleep(0.3)
    assert "training models" in terminal.getvalue()
    assert "75%" in terminal.getvalue()


def test_a_narrow_terminal_cuts_the_words_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _terminal(monkeypatch)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    with stage_bar() as tell:
        tell(f"a name {'x' * 60}\nregret 1.27 of {'y' * 60}", 3, 4)
        time.sleep(0.3)
    for shown in ("75%", "0:00:0", "━", "a name xxx", "regret 1.27 of yyy", "y…"):
        assert shown in terminal.getvalue()

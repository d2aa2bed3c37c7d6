"""The lock of a training: one process at a time, and none that is dead."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import filelock
import pytest

from zoograph.training.versions.training_lock import training_alone

_HOLD = """
import sys, time
from pathlib import Path
from zoograph.training.versions.training_lock import training_alone
with training_alone(Path(sys.argv[1])):
    print("holds", flush=True)
    time.sleep(float(sys.argv[2]))
    Path(sys.argv[1]).mkdir(parents=True)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of all versions of one predictor, not made yet."""
    return tmp_path / "predictors" / "head-toy"


@pytest.fixture
def holder(root: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """A process that trains for so many seconds, and then makes the folder."""
    process = subprocess.Popen([sys.executable, "-c", _HOLD, str(root), str(request.param)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"holds\n"
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("holder", [0.5], indirect=True)
def test_the_second_waits_and_says_so(
    holder: subprocess.Popen[bytes], root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert not root.exists()
    with caplog.at_level(logging.WARNING), training_alone(root):
        assert root.exists()  # the first one has ended
    assert caplog.messages == [f"Another process is training the predictor in '{root}': waiting until it has ended."]


@pytest.mark.parametrize("holder", [600], indirect=True)
def test_a_process_that_was_killed_keeps_nobody_waiting(
    holder: subprocess.Popen[bytes], root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with caplog.at_level(logging.WARNING), training_alone(root):
        pass
    assert caplog.messages == []


@pytest.mark.parametrize("error", [NotImplementedError("no flock"), PermissionError(13, "Permission denied")])
def test_where_nothing_can_be_locked_nobody_waits(
    root: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(filelock.FileLock, "_acquire", refuse)
    with training_alone(root):
        root.mkdir(parents=True)
    assert root.exists()


def test_what_the_training_raises_frees_the_others(root: Path) -> None:
    with pytest.raises(RuntimeError), training_alone(root):
        raise RuntimeError
    with training_alone(root):
        pass

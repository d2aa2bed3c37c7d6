"""Small jobs do what the tests of executors count on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zoograph.data.errors import UnknownName
from zoograph.data.testing.small_jobs import add_up, end_the_process_once, fail, multiply_at_random, wait_for


def test_results(tmp_path: Path) -> None:
    assert add_up([1, 2.5]) == 3.5
    assert multiply_at_random(3) == multiply_at_random(3) != multiply_at_random(4)
    mark = tmp_path / "mark"
    mark.touch()
    assert end_the_process_once(str(mark)) == os.getpid()
    assert wait_for((100, str(mark))) == os.getpid()
    assert wait_for((0, str(tmp_path / "new"))) == int((tmp_path / "new").read_text())


@pytest.mark.parametrize(
    ("kind", "error"), [("wrong", UnknownName), ("full", OSError), ("passing", ConnectionError), ("other", KeyError)]
)
def test_failures(kind: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        fail(kind)

"""Folders of what was analysed before: where there are none, an explanation imports nothing that would read them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from zoograph.data.home import HOME_VARIABLE, get_home
from zoograph.training.analysis.kept_folders import checkpoints_folder, relatedness_folder

EXPLAIN = """
import sys
from zoograph.training.answers import explain
assert (explain._find_bounds("resnet", {"pets"}), explain._find_distance("resnet", "pets")) == ((), None)
print([name for name in ("lightning", "timm", "torchvision", "torch._dynamo", "ot") if name in sys.modules])
"""


def test_they_are_in_the_home() -> None:
    assert (relatedness_folder(), checkpoints_folder()) == (
        get_home() / "cache" / "relatedness",
        get_home() / "checkpoints",
    )


def test_who_looks_whether_they_are_there_makes_no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "not" / "there"))
    assert not relatedness_folder().exists()
    assert not checkpoints_folder().exists()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("folder", "libraries"), [(None, False), ("checkpoints", True)])
def test_what_reads_them_is_imported_where_they_are(tmp_path: Path, folder: str | None, libraries: bool) -> None:
    if folder is not None:
        (get_home() / folder).mkdir(parents=True)
    done = subprocess.run([sys.executable, "-c", EXPLAIN], capture_output=True, text=True, check=True)
    assert (done.stdout.strip() != "[]") == libraries, done.stdout

"""Files of results: whole, in a folder that is made, or an error that says where else."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.errors import ZoographError
from zoograph.scripts.benchmarks.results_folder import write_result, write_results


def test_a_result_is_written_to_a_folder_that_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deeper" / "a.json"
    assert write_result(path, "{}\n") == path
    assert write_result(path, b"[]") == path
    assert path.read_bytes() == b"[]"
    assert [entry.name for entry in path.parent.iterdir()] == ["a.json"]


def test_a_folder_that_cannot_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ZoographError, match=r"x\.json' cannot be written to \(.*\)\. Choose another folder with --out"):
        write_result(tmp_path / "file" / "deeper" / "x.json", "")
    with pytest.raises(ZoographError, match=r"x\.json' cannot be written to"):
        write_results(tmp_path / "file", "x.json", "{}", {})

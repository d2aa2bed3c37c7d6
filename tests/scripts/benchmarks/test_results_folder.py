"""The results of a study: its JSON and its pictures in one folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from zoograph.data.errors import ZoographError
from zoograph.data.files.facts import seal_facts
from zoograph.scripts.benchmarks.results_folder import load_rows, write_results
from zoograph.scripts.pictures.style import new_figure


class Report(BaseModel):
    pairs: int = 3


def test_a_report_and_its_pictures(tmp_path: Path) -> None:
    write_results(tmp_path / "new", "study.json", Report(), {"a.png": new_figure(1.0)})
    assert (tmp_path / "new" / "study.json").read_text() == '{\n "pairs": 3\n}\n'
    assert (tmp_path / "new" / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_folder_that_cannot_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ZoographError, match=r"cannot be written .*Choose another place with --out"):
        write_results(tmp_path / "file", "x.json", "{}", {})


def test_rows_of_an_earlier_measurement(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    assert load_rows(path, lambda row: row["runs"]) == []
    path.write_text(seal_facts([{"runs": 0}, {"runs": 7}]))
    assert load_rows(path, lambda row: row["runs"]) == [{"runs": 7}]
    for broken in ("{", seal_facts([{"other": 1}])):
        path.write_text(broken)
        with pytest.raises(ZoographError, match=r"must hold what an earlier measurement wrote .*--fresh"):
            load_rows(path, lambda row: row["runs"])

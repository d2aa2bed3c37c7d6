"""Rejects: a file that is there only when it is whole, and only when something was left out."""

from __future__ import annotations

import csv
import os
import stat
from pathlib import Path

import pytest

from zoograph.data.errors import RawDataError
from zoograph.data.ingest.rejects import Rejects
from zoograph.data.ingest.tables import Reject


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_rejects_take_their_place_when_they_are_published(tmp_path: Path) -> None:
    path = tmp_path / "new" / "out.csv"
    with Rejects(path, always=False) as log:
        log.add("r.csv", Reject(3, "the value is missing", "a, b, "))
        log.finish()
        assert not path.exists()
        assert log.publish() == path
    assert _rows(path) == [["file", "line", "reason", "row"], ["r.csv", "3", "the value is missing", "a, b, "]]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_without_publishing_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("old")
    with Rejects(tmp_path / "out.csv", always=True) as log:
        log.add("r.csv", Reject(3, "bad"))
    assert (tmp_path / "out.csv").read_text() == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / "out.csv"]


def test_a_file_without_rejects_is_made_only_if_always(tmp_path: Path) -> None:
    with Rejects(tmp_path / "a.csv", always=False) as log:
        log.finish()
        assert log.publish() is None
    with Rejects(tmp_path / "b.csv", always=True) as log:
        log.finish()
        log.publish()
    assert [path.name for path in tmp_path.iterdir()] == ["b.csv"]
    assert len(_rows(tmp_path / "b.csv")) == 1


def test_reasons_are_counted_even_without_a_file() -> None:
    with Rejects(None, always=True) as log:
        for place in range(25):
            log.add("r.csv", Reject(place, f"reason {place % 23}"))
        assert log.publish() is None
    assert len(log.reasons) == 20
    assert log.reasons["reason 0"] == log.reasons["reason 1"] == 2
    assert log.reasons["reason 19"] == 1


def test_long_rows_are_cut_and_formulas_guarded(tmp_path: Path) -> None:
    with Rejects(tmp_path / "out.csv", always=False) as log:
        log.add("=1.csv", Reject(1, "+bad", "-" + "x" * 2_000))
        log.publish()
    assert _rows(tmp_path / "out.csv")[1] == ["'=1.csv", "1", "'+bad", "'-" + "x" * 999 + "…"]


def test_a_disk_without_room_is_told_before_the_store_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise OSError(28, "No space left on device")

    with Rejects(tmp_path / "out.csv", always=True) as log:
        monkeypatch.setattr(os, "fsync", refuse)
        with pytest.raises(RawDataError, match=r"No space left on device\). Choose another file with --rejects"):
            log.finish()
    assert list(tmp_path.iterdir()) == []

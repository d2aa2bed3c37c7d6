"""Rows that grow, survive a kill, and are never half there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zoograph.data.errors import ZoographError
from zoograph.data.files.rows import RowStore

FIELDS = {"outcomes": (2, 3), "accuracy": ()}


def values(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"outcomes": rng.random((2, 3), dtype=np.float32), "accuracy": np.float32(rng.random())}


def test_rows_are_read_back(tmp_path: Path) -> None:
    store = RowStore(tmp_path / "new", FIELDS, 4)
    store.write(2, values(2))
    again = RowStore(tmp_path / "new", FIELDS, 4)
    assert again.done.tolist() == [False, False, True, False]
    assert np.array_equal(again["outcomes"][2], values(2)["outcomes"])
    assert again["accuracy"][2] == values(2)["accuracy"]


def test_grows_and_keeps_what_is_there(tmp_path: Path) -> None:
    RowStore(tmp_path, FIELDS, 2).write(1, values(1))
    longer = RowStore(tmp_path, FIELDS, 5)
    longer.write(4, values(4))
    assert longer.done.tolist() == [False, True, False, False, True]
    assert np.array_equal(longer["outcomes"][1], values(1)["outcomes"])
    first = RowStore(tmp_path, FIELDS, 2)
    assert first.rows == len(first["outcomes"]) == len(first.done) == 2
    assert RowStore(tmp_path, FIELDS, 5).done[4]
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".npy"]


def test_growth_that_stopped_halfway_is_taken_up(tmp_path: Path) -> None:
    RowStore(tmp_path, FIELDS, 2).write(0, values(0))
    RowStore(tmp_path / "other", FIELDS, 4).write(0, values(0))
    (tmp_path / "other" / "outcomes.npy").replace(tmp_path / "outcomes.npy")  # longer than the rest
    store = RowStore(tmp_path, FIELDS, 3)
    store.write(2, values(2))
    assert store.done.tolist() == [True, False, True]
    assert RowStore(tmp_path, FIELDS, 4).done.tolist() == [True, False, True, False]


def test_row_without_all_fields_is_not_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = RowStore(tmp_path, FIELDS, 2)

    def die(self: np.memmap) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(np.memmap, "flush", die)
    with pytest.raises(KeyboardInterrupt):
        store.write(0, values(0))
    monkeypatch.undo()
    assert not RowStore(tmp_path, FIELDS, 2).done.any()


@pytest.mark.parametrize(
    ("bad", "match"),
    [
        ({"outcomes": np.zeros((2, 3), np.float32)}, "'values' must be outcomes, accuracy"),
        ({"outcomes": np.full((2, 3), np.nan, np.float32), "accuracy": np.float32(0)}, "'outcomes' must be finite"),
    ],
)
def test_bad_rows(tmp_path: Path, bad: dict[str, np.ndarray], match: str) -> None:
    store = RowStore(tmp_path, FIELDS, 1)
    with pytest.raises(ValueError, match=match):
        store.write(0, bad)
    assert not store.done.any()


def test_damaged_and_foreign_files(tmp_path: Path) -> None:
    RowStore(tmp_path, FIELDS, 2)
    with pytest.raises(ZoographError, match=r"must hold rows of float32 \(4,\) .*start again"):
        RowStore(tmp_path, {"outcomes": (4,)}, 2)
    (tmp_path / "accuracy.npy").write_bytes((tmp_path / "accuracy.npy").read_bytes()[:20])
    with pytest.raises(ZoographError, match="must be an array"):
        RowStore(tmp_path, FIELDS, 2)


def test_array_of_objects_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "outcomes.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ZoographError, match="must be an array"):
        RowStore(tmp_path, FIELDS, 1)


@pytest.mark.parametrize("field", ["outcomes", "accuracy", "hashes"])
def test_a_row_that_changed_on_disk_is_not_done(tmp_path: Path, field: str, caplog: pytest.LogCaptureFixture) -> None:
    store = RowStore(tmp_path, FIELDS, 3)
    for row in range(3):
        store.write(row, values(row))
    path = tmp_path / f"{field}.npy"
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1  # of the last row
    path.write_bytes(raw)
    again = RowStore(tmp_path, FIELDS, 3)
    assert again.done.tolist() == [True, True, False]
    assert "1 row of" in caplog.text
    again.write(2, values(2))
    assert RowStore(tmp_path, FIELDS, 3).done.all()


def test_rows_of_the_first_zoograph_are_taken_over(tmp_path: Path) -> None:
    store = RowStore(tmp_path, FIELDS, 3)
    store.write(1, values(1))
    (tmp_path / "hashes.npy").unlink()
    np.save(tmp_path / "done.npy", np.array([False, True, False]))
    assert RowStore(tmp_path, FIELDS, 3).done.tolist() == [False, True, False]
    assert not (tmp_path / "done.npy").exists()
    assert RowStore(tmp_path, FIELDS, 3).done.tolist() == [False, True, False]

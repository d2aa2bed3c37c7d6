"""The published masks: read as they were written, and grouped as their authors say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zoograph.data.collections.domainnet_masks import Masks, convert_masks, read_masks, write_masks
from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.errors import RawDataError

# Two masks of two models ("b" and "a") and three datasets ("z", "x" and "y"), in file order.
OBSERVED = np.array([[[1, 0, 1], [0, 0, 1]], [[0, 1, 0], [1, 1, 1]]])


def test_rows_and_columns_are_sorted_by_id(tmp_path: Path) -> None:
    np.savez(tmp_path / "masks.npz", observed=OBSERVED)
    masks = convert_masks(tmp_path / "masks.npz", ["b", "a"], ["z", "x", "y"])
    assert (masks.models, masks.datasets) == (("a", "b"), ("x", "y", "z"))
    assert masks.observed.tolist() == [
        [[False, True, False], [False, True, True]],
        [[True, True, True], [True, False, False]],
    ]


def test_masks_survive_the_table(tmp_path: Path) -> None:
    masks = Masks(("a", "b"), ("x", "y", "z"), OBSERVED.astype(bool))
    write_masks(masks, tmp_path / "masks.csv")
    lines = (tmp_path / "masks.csv").read_text().splitlines()
    assert lines[:4] == ["# models: a b", "mask,dataset,observed", "0,x,10", "0,y,00"]
    back = read_masks(tmp_path / "masks.csv")
    assert back[:2] == masks[:2]
    assert np.array_equal(back.observed, masks.observed)


def test_another_shape_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "masks.npz", observed=OBSERVED)
    with pytest.raises(RawDataError, match=r"need 3 rows and 2 columns \(got \(2, 3\)\)"):
        convert_masks(tmp_path / "masks.npz", ["a", "b", "c"], ["x", "y"])


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "masks.npz").write_bytes(b"no archive")
    with pytest.raises(RawDataError, match=r"masks.npz' need to be an array 'observed'"):
        convert_masks(tmp_path / "masks.npz", ["a"], ["x"])


def test_objects_are_not_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "masks.npz", observed=np.array([{"a": 1}], dtype=object))
    with pytest.raises(RawDataError, match="Object arrays cannot be loaded"):
        convert_masks(tmp_path / "masks.npz", ["a"], ["x"])


@pytest.fixture(scope="module")
def shipped() -> Masks:
    return read_masks()


def test_shipped_masks_are_ten_of_ten_models_and_270_tasks(shipped: Masks) -> None:
    assert shipped.observed.shape == (10, 10, 270)
    assert shipped.observed.dtype == bool
    runs = [run for run in read_tables(shipped_zoo()).runs if run.source == "domainnet-10x270"]
    assert set(shipped.models) == {run.model for run in runs}
    assert set(shipped.datasets) == {run.dataset for run in runs}


def test_shipped_masks_know_zero_to_nine_models_of_27_tasks_each(shipped: Masks) -> None:
    for mask in shipped.observed:
        known = mask.sum(axis=0)
        assert np.bincount(known, minlength=11).tolist() == [27] * 10 + [0]
        assert mask.sum() == 27 * sum(range(10))


def test_shipped_masks_differ_and_show_every_model(shipped: Masks) -> None:
    assert len({mask.tobytes() for mask in shipped.observed}) == 10
    assert (shipped.observed.sum(axis=2) > 100).all()

"""Units by name, from a list or a file; targets that would be called alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.training.analysis.influence.small_tasks import SmallTask
from zoograph.training.analysis.influence.units import find_units, number_names, tell_apart, unit_names

NAMES = ["cat", "dog", "owl"]


def task(name: str, *files: str) -> SmallTask:
    images, labels = np.zeros((2, 32, 32), dtype=np.uint8), np.array([0, 1])
    return SmallTask(name, ("cat", "dog"), images, labels, images, labels, files)


def test_images_are_called_by_their_files_or_else_by_number_and_class() -> None:
    assert unit_names(task("animals"), "class") == ["cat", "dog"]
    assert unit_names(task("animals", "cat/1.png", "dog/1.png"), "example") == ["cat/1.png", "dog/1.png"]
    assert unit_names(task("animals"), "example") == number_names([0, 1], ["cat", "dog"]) == ["0, cat", "1, dog"]


def test_units_are_found_in_a_list_and_in_a_file(tmp_path: Path) -> None:
    listed = tmp_path / "left_out.txt"
    listed.write_text("\ufeffowl\n\n  cat \n", encoding="utf-8")
    assert find_units("owl, cat,", NAMES) == find_units(str(listed), NAMES) == [2, 0]


def test_a_list_that_names_nothing_known_is_refused(tmp_path: Path) -> None:
    empty, picture = tmp_path / "empty.txt", tmp_path / "cat.png"
    empty.write_text("\n \n")
    picture.write_bytes(b"\xff\xfe\x00")
    for text in (str(empty), " , "):
        with pytest.raises(
            ZoographError, match=r"must be units of the source \(got none in '.*Name some, such as 'cat'"
        ):
            find_units(text, NAMES)
    with pytest.raises(UnknownName, match=r"Unknown unit of the source 'doge'\. Nearest names: dog"):
        find_units("doge", NAMES)
    with pytest.raises(ZoographError, match=r"cat\.png' must be a text file with a name a line"):
        find_units(str(picture), NAMES)


def test_targets_of_one_name_are_called_as_they_were_typed() -> None:
    found = tell_apart([task("test"), task("birds"), task("test")], ["./pets/test", "./birds", "./cars/test"])
    assert [one.id for one in found] == ["./pets/test", "birds", "./cars/test"]

"""Folders that clients may ask about: by names that are looked up."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.errors import UnknownName
from zoograph.data.records.cards import DatasetCard
from zoograph.data.store.store import RecordStore
from zoograph.scripts.serving.folders import find_folder, list_folders


def test_sub_folders_have_the_name_of_their_root_and_links_are_none(folder_of_datasets: Path) -> None:
    (folder_of_datasets / ".hidden").mkdir()
    (folder_of_datasets / "file").touch()
    assert list_folders({"mine": folder_of_datasets}) == {
        "mine/empty": folder_of_datasets / "empty",
        "mine/trees": folder_of_datasets / "trees",
    }
    assert list_folders({}) == {}


def test_a_root_that_is_gone_has_no_folders(folder_of_datasets: Path, caplog: pytest.LogCaptureFixture) -> None:
    roots = {"gone": folder_of_datasets / "gone", "mine": folder_of_datasets}
    assert list(list_folders(roots)) == ["mine/empty", "mine/trees"]
    assert "cannot be read (No such file or directory)" in caplog.text


def test_a_folder_is_a_card_of_what_is_in_it(toy_store: RecordStore, folder_of_datasets: Path) -> None:
    card = find_folder(toy_store, {"mine": folder_of_datasets}, "mine/trees")
    assert isinstance(card, DatasetCard)
    assert (card.id, card.labels, card.num_samples) == ("mine/trees", ("elm", "oak"), 6)
    with pytest.raises(UnknownName, match="Unknown folder 'mine/link'"):
        find_folder(toy_store, {"mine": folder_of_datasets}, "mine/link")

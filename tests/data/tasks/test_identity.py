"""Which dataset of a store a folder or file is."""

from __future__ import annotations

from pathlib import Path

from zoograph.data.records.naming.names import NameIndex, index_names
from zoograph.data.tasks.identity import CONTENT, identify


def _names(*rows: tuple[str, str]) -> NameIndex:
    return index_names(("dataset", name, target) for name, target in rows)


def test_a_new_one_takes_the_name_that_is_free(tmp_path: Path) -> None:
    file = tmp_path / "reviews.csv"
    found = identify(_names(), file, "reviews", "aaaaaaaa-0123456789abcdef")
    assert (found.id, found.known) == ("reviews", False)
    assert found.aliases == (str(file.resolve()), f"{CONTENT}aaaaaaaa-0123456789abcdef")
    taken = _names(("reviews", "reviews"), (str(file.resolve()), "other"), (f"{CONTENT}b-c", "other"))
    assert identify(taken, file, "reviews", "aaaaaaaa-0123456789abcdef").id == "reviews-89abcdef"


def test_the_same_content_elsewhere_is_the_same(tmp_path: Path) -> None:
    names = _names(("mine", "mine"), (f"{CONTENT}aaaaaaaa-01", "mine"))
    found = identify(names, tmp_path / "x.csv", "x", "aaaaaaaa-01")
    assert (found.id, found.known) == ("mine", True)

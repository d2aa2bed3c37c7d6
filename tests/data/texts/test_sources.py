"""Text tasks from files, folders and saved datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zoograph.data.tasks.columns import naming_columns
from zoograph.data.tasks.task import Values
from zoograph.data.texts.errors import TextTaskError
from zoograph.data.texts.sources import folder_digest, holds, open_local, read_card

_CSV = "review,stars,split\nwhat a good film,5,train\nwhat a bad film,1,train\nfine,5,test\nwhat a good film,5,test\n"


def _write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def test_a_table_with_a_column_of_splits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    task = open_local(_write(tmp_path / "reviews.csv", _CSV), "film")
    assert (task.card.id, task.card.domain, task.classes) == ("reviews", "film", ("1", "5"))
    assert task.card.splits == {"train": 2, "test": 2}
    assert "'review' is read as the text of 'reviews', and 'stars' as its label." in caplog.text


def test_a_changed_file_and_other_columns_are_read_anew(tmp_path: Path) -> None:
    path = _write(tmp_path / "x.csv", "text,a,label\none,k,p\ntwo,m,q\n")
    before = folder_digest(path)
    assert folder_digest(path) == before
    with naming_columns(label="a"):
        assert open_local(path).classes == ("k", "m")
    assert open_local(path).classes == ("p", "q")
    _write(path, "text,a,label\none,k,p\ntwo words,m,q\n")
    assert folder_digest(path) != before
    assert folder_digest(path).partition("-")[0] == before.partition("-")[0]


def test_a_folder_as_the_hub_has_it(tmp_path: Path) -> None:
    for split, rows in (("train", "good,p\nbad,q\n"), ("test", "fine,p\n")):
        _write(tmp_path / "mine" / f"{split}.csv", f"text,label\n{rows}")
    task = open_local(tmp_path / "mine")
    assert (task.labels, task.is_test) == ((0, 1, 0), (False, False, True))
    assert holds(tmp_path / "mine")
    assert not holds(tmp_path)


def test_a_folder_of_text_files(tmp_path: Path) -> None:
    _write(tmp_path / "mine" / "pos" / "1.txt", "good")
    _write(tmp_path / "mine" / "neg" / "1.txt", "bad")
    assert read_card(tmp_path / "mine").labels == ("neg", "pos")


def test_a_saved_dataset(tmp_path: Path) -> None:
    datasets: Any = pytest.importorskip("datasets")
    rows = datasets.Dataset.from_dict({"sentence": ["good", "bad", "fine"], "y": [1, 0, 1]})
    rows = rows.cast_column("y", datasets.ClassLabel(names=["no", "yes"]))
    datasets.DatasetDict({"train": rows, "validation": rows}).save_to_disk(tmp_path / "saved")
    assert holds(tmp_path / "saved")
    task = open_local(tmp_path / "saved")
    assert (task.classes, task.labels) == (("no", "yes"), (1, 0, 1, 1, 0, 1))
    assert task.is_test == (False,) * 3 + (True,) * 3


def test_a_saved_dataset_of_token_labels_is_refused(tmp_path: Path) -> None:
    datasets: Any = pytest.importorskip("datasets")
    rows = {"text": ["a b", "c d e"], "ner_tags": [[0, 1], [0, 0, 1]]}
    datasets.Dataset.from_dict(rows).save_to_disk(tmp_path / "saved")
    with pytest.raises(TextTaskError, match=r"a list for each in 'ner_tags'"):
        open_local(tmp_path / "saved")


def test_only_a_test_split_is_nothing_to_train_on(tmp_path: Path) -> None:
    with pytest.raises(TextTaskError, match=r"must hold texts to train on \(got test\)"):
        open_local(_write(tmp_path / "x.csv", "text,label,split\na,p,test\nb,q,test\n"))


def test_a_column_of_real_values(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lines = "text,label,price\ngood,a,1.5\nbad,b,2\nfair,a,9\n"
    path = _write(tmp_path / "x.csv", lines)
    classes = folder_digest(path)
    with naming_columns(target="price"):
        task = open_local(path)
        values = folder_digest(path)
    assert task.values == Values("price", (1.5, 2.0, 9.0))
    assert "'text' is read as the text of 'x', and 'price' as its value." in caplog.messages
    assert classes.partition("-")[0] != values.partition("-")[0]
    assert open_local(path).classes == ("a", "b")


def test_texts_in_files_that_a_table_names(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name, text in (("1", "good"), ("2", "bad")):
        _write(tmp_path / "in" / "texts" / f"{name}.txt", text)
    _write(tmp_path / "outside.txt", "secret")
    lines = ["text,price", "texts/1.txt,1", "texts/2.txt,2", "texts/3.txt,3", "../outside.txt,4"]
    with naming_columns(text="text", target="price"):
        task = open_local(_write(tmp_path / "in" / "x.csv", "\n".join(lines)))
    assert [task.read(row) for row in range(len(task))] == ["good", "bad"]
    assert "2 of 4 text files that 'x' names are not there." in caplog.messages
    assert "2 texts of 'x' are empty and left out." in caplog.messages

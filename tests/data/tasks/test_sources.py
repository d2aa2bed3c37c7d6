"""One way to datasets of every modality."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from zoograph.data.errors import ImageFolderError
from zoograph.data.records.cards import Modality
from zoograph.data.records.naming.names import index_names
from zoograph.data.tasks.columns import naming_columns
from zoograph.data.tasks.sources import (
    check_dataset,
    identify_local,
    is_local,
    looks_like_path,
    modality_of,
    open_task,
    read_local_card,
    require_columns,
)
from zoograph.data.tasks.task import TaskError


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        Image.new("RGB", (4, 4)).save(tmp_path / "pets" / name / "1.png")
    (tmp_path / "pets" / "cat" / "notes.txt").write_text("a cat")
    return tmp_path / "pets"


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.csv"
    path.write_text("text,label\na cat,pet\na car,thing\n")
    return path


def test_what_lies_there_decides(images: Path, texts: Path) -> None:
    assert modality_of(images) is Modality.IMAGE
    assert modality_of(texts) is Modality.TEXT
    assert open_task(str(images)).modality == "image"
    assert open_task(str(texts)).modality == "text"
    assert read_local_card(texts, "news").domain == "news"
    names = index_names([])
    assert (identify_local(names, images, "pets").id, identify_local(names, texts, "mine").id) == ("pets", "mine")


@pytest.mark.parametrize(("name", "local"), [("./gone", True), ("gone/", True), ("x.csv", True), ("owner/x", False)])
def test_names_and_paths(name: str, local: bool) -> None:
    assert is_local(name) == local
    assert looks_like_path("~/x") is not looks_like_path("x.csv")


def test_the_other_modality_is_refused_in_one_sentence(images: Path, texts: Path) -> None:
    with pytest.raises(TaskError, match=rf"^This command looks at images \(got '{texts}', a dataset of texts\)"):
        check_dataset(str(texts), Modality.IMAGE)
    with pytest.raises(TaskError, match=r"looks at texts .* a dataset of images"):
        open_task(str(images), modality=Modality.TEXT)
    check_dataset(str(images), Modality.IMAGE)


def test_a_path_without_anything_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImageFolderError, match="nothing there"):
        check_dataset(f"{tmp_path}/gone/")
    with pytest.raises(TaskError, match=r"The table '.*gone.csv' must be a file"):
        check_dataset(f"{tmp_path}/gone.csv")
    check_dataset("owner/name")


def test_a_column_is_not_named_in_vain(images: Path, texts: Path, tmp_path: Path) -> None:
    files = tmp_path / "files"
    for name in ("pet", "thing"):
        (files / name).mkdir(parents=True)
        (files / name / "1.txt").write_text(f"a {name}")
    require_columns(str(images), str(files))
    with naming_columns(target="price"):
        with pytest.raises(TaskError, match=rf"^'--target price' names a column of a table \(got '{images}', without"):
            require_columns(str(images))
        with pytest.raises(TaskError, match="Leave the option out, or give a table"):
            require_columns(str(files), str(images))
        require_columns(str(texts))
        require_columns(str(images), str(texts))
        require_columns("owner/of-the-hub")
    with naming_columns(label="label"), pytest.raises(TaskError, match=r"^'--label-column label'"):
        require_columns(str(images))
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "train.csv").write_text(texts.read_text())
    with naming_columns(text="text"):
        require_columns(str(tmp_path / "tables"))

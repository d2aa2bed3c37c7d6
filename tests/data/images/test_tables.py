"""Tables that name images, with classes or real values beside them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from zoograph.data.images.reading.unreadable import Unreadable
from zoograph.data.images.sources import folder_digest, holds, open_local, read_card
from zoograph.data.images.tables import image_column, open_table
from zoograph.data.images.task import ImageTaskError
from zoograph.data.records.naming.spellings import Target
from zoograph.data.tasks.columns import naming_columns
from zoograph.data.tasks.sources import modality_of
from zoograph.data.tasks.task import TaskError
from zoograph.data.testing.shapes import write_shapes
from zoograph.data.texts.sources import holds as holds_texts


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_shapes(tmp_path / "shapes", 20)


def _with(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


def test_classes_beside_paths(table: Path, caplog: pytest.LogCaptureFixture) -> None:
    task = open_table(table, "shapes")
    assert (task.card.id, task.card.domain, task.classes) == ("shapes", "shapes", ("disc", "square"))
    assert task.labels == (0, 1) * 10
    seen = task.picture(3)
    assert seen is not None
    assert seen.tobytes() == Image.open(table.parent / "images" / "3.png").tobytes()
    assert "'image' is read as the images of 'shapes', and 'kind' as their label." in caplog.messages
    assert (modality_of(table), holds(table), holds_texts(table)) == ("image", True, False)


def test_real_values_beside_paths(table: Path) -> None:
    with naming_columns(target="radius"):
        task = open_local(table)
        assert read_card(table) == task.card
    assert (task.card.id, task.card.num_classes, task.target) == ("shapes-radius", None, Target.VALUES)
    assert task.values is not None
    written = [line.split(",")[2] for line in table.read_text().split()[1:]]
    assert (task.values.name, task.values.numbers) == ("radius", tuple(map(float, written)))
    part = task.sample(8)
    assert part.values is not None
    assert [task.values.numbers[task.names.index(name)] for name in part.names] == list(part.values.numbers)
    assert part.digest != task.digest


def test_splits_of_values_and_of_classes(table: Path) -> None:
    lines = table.read_text().split()
    parts = ["split", *(["train"] * 10), *(["val"] * 4), *(["test"] * 6)]
    _with(table, "\n".join(f"{line},{part}" for line, part in zip(lines, parts, strict=True)))
    with naming_columns(target="radius"):
        task = open_table(table)
    assert task.card.splits == {"train": 10, "validation": 4, "test": 6}
    assert open_table(table).is_test == (False,) * 14 + (True,) * 6


def test_images_that_are_not_there_are_counted(table: Path) -> None:
    (table.parent / "images" / "4.png").unlink()
    outside = table.parent.parent / "out.png"
    Image.new("RGB", (4, 4)).save(outside)
    _with(table, table.read_text().replace("images/5.png", "../out.png"))
    with naming_columns(target="radius"):
        task = open_table(table)
    assert task.decode(4) == task.decode(5) == Unreadable.NO_FILE
    with pytest.raises(ImageTaskError, match=r"\(got 2\).*no regular file inside the dataset's folder: 'images/4.png'"):
        task.require_few_unreadable({4: Unreadable.NO_FILE, 5: Unreadable.NO_FILE})


def test_the_same_table_with_another_target_is_another_dataset(table: Path) -> None:
    classes = folder_digest(table)
    with naming_columns(target="radius"):
        values = folder_digest(table)
        assert folder_digest(table) == values
        first = table.read_text().splitlines()
        first[1] = first[1].rpartition(",")[0] + ",3.5"
        _with(table, "\n".join(first))
        changed = folder_digest(table)
    assert classes.partition("-")[0] != values.partition("-")[0] == changed.partition("-")[0]
    assert changed != values


def test_what_is_wrong_is_said(table: Path) -> None:
    lines = table.read_text().split()
    constant = _with(table.parent / "constant.csv", "\n".join([lines[0], *(f"images/{n}.png,x,3" for n in range(20))]))
    with (
        naming_columns(target="radius"),
        pytest.raises(ImageTaskError, match=r"'radius' in 'constant-radius' must differ \(got 3 for all 20\)"),
    ):
        open_table(constant)
    with naming_columns(target="kind"), pytest.raises(TaskError, match=r"must hold numbers \(got 20 of 20"):
        open_table(table)
    with naming_columns(target="price"), pytest.raises(ImageTaskError, match="'price' of 'shapes' must be one of"):
        open_table(table)
    alone = _with(table.parent / "alone.csv", "image,id\n" + "\n".join(f"images/{n}.png,{n}" for n in range(20)))
    with pytest.raises(ImageTaskError, match=r"a column of labels beside the images \(got 'image', 'id'\).*--target"):
        open_table(alone)


def test_lists_and_measurements_are_no_classes_of_images(table: Path) -> None:
    lists = "\n".join(["image,kind", *(f"""images/{n}.png,"['a', '{n % 2}']\"""" for n in range(20))])
    with pytest.raises(ImageTaskError, match=r"must be one for each image \(got a list for each in 'kind'"):
        open_table(_with(table.parent / "lists.csv", lists))
    prices = "\n".join(["image,price", *(f"images/{n % 20}.png,{n % 40 + 0.5}" for n in range(120))])
    with naming_columns(label="price"), pytest.raises(ImageTaskError, match=r"measurements such as 0\.5 in 'price'"):
        open_table(_with(table.parent / "prices.csv", prices))


def test_other_tables_name_no_images(tmp_path: Path, table: Path) -> None:
    texts = _with(tmp_path / "texts.csv", "text,label\nthe file a.png is lost,x\ngood,y\n")
    assert image_column(texts) is None
    assert holds_texts(texts)
    assert image_column(tmp_path / "nothing.csv") is None
    assert image_column(_with(tmp_path / "bad.csv", "alone\n")) is None
    with naming_columns(text="image"):
        assert image_column(table) is None

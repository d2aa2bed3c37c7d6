"""Folders of images with masks: which pairs there are, and which masks say nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zoograph.data.images.masks import (
    BadMask,
    MaskTask,
    find_masks,
    open_masks,
    require_masks,
    resize_nearest,
)
from zoograph.data.images.sources import folder_digest, open_local, read_card
from zoograph.data.images.task import ImageTaskError
from zoograph.data.records.naming.spellings import Target
from zoograph.data.tasks.sources import open_task
from zoograph.data.tasks.task import TaskError
from zoograph.data.testing.shapes import write_shapes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_shapes(tmp_path / "shapes", 8).parent


def _task(folder: Path) -> MaskTask:
    task = open_local(folder)
    assert isinstance(task, MaskTask)
    return task


def test_images_and_masks_are_paired_by_name(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "masks" / "3.png").unlink()
    (folder / "masks" / "4.png").unlink()
    (folder / "images" / "6.png").unlink()
    task = _task(folder)
    assert task.names == tuple(f"images/{n}.png" for n in (0, 1, 2, 5, 7))
    assert [path.name for path in task.masks] == ["0.png", "1.png", "2.png", "5.png", "7.png"]
    assert "2 images of" in caplog.messages[0]
    assert "have no mask and are left out." in caplog.messages[0]
    assert "1 mask of" in caplog.messages[1]
    assert (task.card.num_samples, task.card.num_classes, task.target) == (5, None, Target.PIXELS)
    assert read_card(folder) == task.card


def test_a_sample_keeps_its_masks_and_a_mask_is_part_of_the_content(folder: Path) -> None:
    task = _task(folder)
    part = task.sample(3)
    assert [path.stem for path in part.masks] == [Path(name).stem for name in part.names]
    before, known = task.digest, folder_digest(folder)
    Image.new("L", (64, 64), 1).save(folder / "masks" / "0.png")
    assert _task(folder).digest != before
    assert folder_digest(folder) != known
    (folder / "masks" / "0.png").unlink()
    assert task.content_hash(0) != task.content_hash(1)


@pytest.mark.parametrize("names", [("images", "annotations"), ("JPEGImages", "SegmentationClass")])
def test_other_names_of_the_two_folders(folder: Path, names: tuple[str, str]) -> None:
    for old, new in zip(("images", "masks"), names, strict=True):
        (folder / old).rename(folder / new)
    assert find_masks(folder) == tuple(folder / name for name in names)


def test_two_classes_of_those_names_are_no_masks(tmp_path: Path) -> None:
    for name, number in (("images", 1), ("masks", 2)):
        (tmp_path / "x" / name).mkdir(parents=True)
        Image.new("RGB", (4, 4)).save(tmp_path / "x" / name / f"{number}.png")
    assert find_masks(tmp_path / "x") is None
    assert open_task(str(tmp_path / "x")).classes == ("images", "masks")


def test_other_commands_do_not_take_classes_of_pixels(folder: Path) -> None:
    with pytest.raises(TaskError, match=r"looks at classes \(got .* with classes of pixels\).*zoograph score"):
        open_task(str(folder))
    assert open_task(str(folder), targets=tuple(Target)).target is Target.PIXELS


def test_the_nearest_pixel_of_each_cell() -> None:
    mask = np.arange(6 * 4).reshape(6, 4)
    assert resize_nearest(mask, 3, 2).tolist() == [[5, 7], [13, 15], [21, 23]]
    assert resize_nearest(mask, 6, 4).tolist() == mask.tolist()
    assert resize_nearest(mask, 1, 8).tolist() == [[12, 12, 13, 13, 14, 14, 15, 15]]


def _save(folder: Path, values: np.ndarray, name: str = "0.png", **options: object) -> None:
    Image.fromarray(values.astype(np.uint8), **options).save(folder / "masks" / name)


def test_masks_that_say_nothing(folder: Path) -> None:
    task = _task(folder)
    grid = np.zeros((64, 64))
    for values, kind in (
        (np.zeros((32, 64)), BadMask.SIZE),
        (np.stack([grid, grid + 1, grid], 2), BadMask.COLOUR),
        (np.stack([grid] * 4, 2), BadMask.COLOUR),
        (grid + 255, BadMask.EMPTY),
    ):
        _save(folder, values)
        assert task.classes_of_cells(0, 4, 4) is kind
    Image.fromarray(grid.astype(np.float32)).save(folder / "masks" / "0.tif")
    for content, kind in (
        (b"no image", BadMask.UNREADABLE),
        ((folder / "masks" / "0.tif").read_bytes(), BadMask.COLOUR),
    ):
        (folder / "masks" / "0.png").write_bytes(content)
        assert task.classes_of_cells(0, 4, 4) is kind
    Image.new("L", (64, 64)).save(folder / "masks" / "0.jpg")
    (folder / "masks" / "0.png").write_bytes((folder / "masks" / "0.jpg").read_bytes())
    assert task.classes_of_cells(0, 4, 4) is BadMask.LOSSY


def test_masks_with_palettes_of_16_bits_and_of_three_equal_channels_are_read(folder: Path) -> None:
    task = _task(folder)
    values = np.zeros((64, 64), np.uint8)
    values[:32, 32:], values[32:] = 2, 255
    expected = [[0, 2], [255, 255]]
    palette = Image.frombytes("P", (64, 64), values.tobytes())
    palette.putpalette([shade for number in range(256) for shade in (number, 255 - number, 7)])
    for picture in (palette, Image.fromarray(values.astype(np.uint16)), Image.fromarray(np.stack([values] * 3, 2))):
        picture.save(folder / "masks" / "0.png")
        found = task.classes_of_cells(0, 2, 2)
        assert not isinstance(found, BadMask)
        assert found.tolist() == expected


def test_a_photograph_that_lies_on_its_side_has_an_upright_mask(folder: Path) -> None:
    picture = Image.new("RGB", (64, 32))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(folder / "images" / "0.jpg", exif=exif)
    (folder / "images" / "0.png").unlink()
    task = _task(folder)
    _save(folder, np.zeros((64, 32)))
    assert not isinstance(task.classes_of_cells(0, 2, 2), BadMask)
    _save(folder, np.zeros((32, 64)))
    assert task.classes_of_cells(0, 2, 2) is BadMask.SIZE


def test_few_bad_masks_are_left_out_and_many_refused(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    task = _task(folder)
    require_masks(task, {0: BadMask.SIZE, 2: BadMask.COLOUR, 3: BadMask.SIZE})
    assert caplog.messages == [
        "3 of 8 masks are left out with their images: 2 are each of another size than its image, such as '0.png'; "
        "1 is a colour image, which does not say the number of a class, such as '2.png'."
    ]
    with pytest.raises(ImageTaskError, match=r"\(got 5 others of 8: 5 cannot be read, such as '0.png'\). Convert them"):
        require_masks(task, dict.fromkeys(range(5), BadMask.UNREADABLE))
    assert open_masks(folder, folder / "images", folder / "masks", "art").card.domain == "art"

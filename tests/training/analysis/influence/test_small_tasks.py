"""Small tasks from every place that a name can lead to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from zoograph.data.collections.glyphs.plan import full_plan
from zoograph.data.errors import ZoographError
from zoograph.data.images.task import task_from_arrays
from zoograph.training.analysis.influence.small_tasks import (
    corpus_task,
    from_images,
    load_small_task,
    open_small_task,
)


def test_task_of_the_glyph_zoo() -> None:
    found = open_small_task("glyph_thin_b2_50")
    assert found.classes == full_plan().task("glyph_thin_b2_50").card().labels
    assert found.train_images.shape == (100, 32, 32)
    assert found.test_images.shape == (40, 32, 32)
    assert np.bincount(found.train_labels).tolist() == [50, 50]
    assert np.bincount(found.test_labels).tolist() == [20, 20]
    seen = {image.tobytes() for image in found.train_images}
    assert not any(image.tobytes() in seen for image in found.test_images)


def test_images_are_made_grey_and_small() -> None:
    images = np.zeros((20, 50, 70, 3), dtype=np.uint8)
    images[10:] = (255, 0, 0)
    found = from_images(task_from_arrays(images, [0] * 10 + [2] * 10, ["a", "b", "c"], "colours"))
    assert found.classes == ("a", "c")  # without the class that has no image
    assert found.train_images.shape == (14, 32, 32)
    assert found.test_labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert (found.test_images[found.test_labels == 1] == 76).all()


def test_saved_task_is_read_back(tmp_path: Path) -> None:
    task = open_small_task("glyph_thin_b2_50")
    path = task.save(tmp_path)
    again = load_small_task(path)
    assert (again.id, again.classes, again.digest) == (task.id, task.classes, task.digest)
    assert np.array_equal(again.test_images, task.test_images)
    assert open_small_task("glyph_thin_a2_50").digest != task.digest


def test_own_test_images_are_used() -> None:
    images = np.random.default_rng(0).integers(0, 255, (8, 32, 32), dtype=np.uint8)
    task = task_from_arrays(images, [0, 1] * 4, ["a", "b"], "own")
    found = from_images(replace(task, is_test=(False,) * 5 + (True,) * 3))
    assert np.array_equal(found.test_images, images[5:])
    with pytest.raises(ZoographError, match=r"training images of two classes, and test images \(got 1 and 7\)"):
        from_images(replace(task, is_test=(False,) + (True,) * 7))


def test_errors(tmp_path: Path) -> None:
    (tmp_path / "bad.safetensors").write_bytes(b"no")
    with pytest.raises(ZoographError, match="must be a task as it was saved"):
        load_small_task(tmp_path / "bad.safetensors")
    with pytest.raises(ZoographError, match="must be a folder"):
        open_small_task(str(tmp_path / "missing"))


def test_a_file_that_changed_on_disk_is_written_again(tmp_path: Path) -> None:
    task = corpus_task("symbols")
    path = task.save(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert task.save(tmp_path) == path
    assert path.read_bytes() == whole

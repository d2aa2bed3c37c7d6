"""MIEB's datasets: the table agrees with the runs that ship, and images come with their test split or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from zoograph.data.collections.public.mieb_tasks import find_mieb_task, open_mieb_task, read_mieb_tasks
from zoograph.data.collections.tables import read_table, shipped_zoo
from zoograph.data.errors import UnknownName
from zoograph.data.images.task import ImageTaskError
from zoograph.data.records.records import Metric, Protocol, Run


def test_the_table_agrees_with_the_runs_that_ship() -> None:
    runs = [
        run
        for run in read_table(shipped_zoo() / "runs.csv", Run)
        if run.source == "mieb" and run.protocol is Protocol.PROBE and run.metric is Metric.TOP1
    ]
    assert {task.dataset for task in read_mieb_tasks()} == {run.dataset for run in runs}
    sizes = {run.dataset: (run.test_size, (run.train_size or 0) // 16) for run in runs}
    assert {task.dataset: (task.num_test, task.num_classes) for task in read_mieb_tasks()} == sizes
    assert all(len(task.revision) == 40 and "/" in task.hub for task in read_mieb_tasks())


def test_a_dataset_that_mieb_does_not_have() -> None:
    assert find_mieb_task("pets").task == "OxfordPets"
    with pytest.raises(UnknownName, match=r"Unknown dataset of MIEB 'voc2007'\. It has birdsnap, caltech101"):
        find_mieb_task("voc2007")


def test_folders_need_a_test_split(tmp_path: Path) -> None:
    for name in ("train/cat/1", "train/dog/1", "test/cat/2"):
        path = tmp_path / "pets" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(path)
    task = open_mieb_task(find_mieb_task("pets"), str(tmp_path))
    assert task.is_test is not None
    assert sum(task.is_test) == 1
    (tmp_path / "pets").rename(tmp_path / "all")
    (tmp_path / "all" / "train").rename(tmp_path / "pets")
    with pytest.raises(ImageTaskError, match=r"must hold images in folders of 'train' and 'test' .got none"):
        open_mieb_task(find_mieb_task("pets"), str(tmp_path))


@pytest.fixture
def on_the_hub(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], list[Any]]:
    """A callable that says what the library loads from now on, and returns what it is asked for."""
    datasets = pytest.importorskip("datasets")

    def put(loaded: Any) -> list[Any]:
        asked: list[Any] = []

        def load(*given: Any, **named: Any) -> Any:
            asked.append((given, named))
            if isinstance(loaded, Exception):
                raise loaded
            return loaded

        monkeypatch.setattr(datasets, "load_dataset", load)
        return asked

    return put


def _saved(numbers: list[int]) -> Any:
    from datasets import Dataset, Features, Value
    from datasets import Image as Picture

    pictures = [Image.new("RGB", (4, 4), (50 * number, 0, 0)) for number in range(len(numbers))]
    features = Features({"jpg": Picture(), "cls": Value("int64"), "more": Value("string")})
    rows = {"jpg": pictures, "cls": numbers, "more": [""] * len(numbers)}
    return Dataset.from_dict(rows, features=features)


def test_columns_of_the_hub_are_found_by_the_table(on_the_hub: Callable[[Any], list[Any]]) -> None:
    task = find_mieb_task("gtsrb")._replace(image="jpg", num_test=2)
    asked = on_the_hub({"train": _saved([0, 1, 2, 2]), "test": _saved([2, 0])})
    found = open_mieb_task(task)
    assert asked == [((task.hub, None), {"revision": task.revision})]
    assert found.is_test == (False,) * 4 + (True,) * 2
    assert [found.classes[label] for label in found.labels] == ["0", "1", "2", "2", "2", "0"]
    with pytest.raises(ImageTaskError, match=r"must have the 12,630 test images of MIEB .got 2."):
        open_mieb_task(task._replace(num_test=12630))


def test_what_the_hub_does_not_have_is_said(on_the_hub: Callable[[Any], list[Any]]) -> None:
    on_the_hub(ConnectionError("offline"))
    with pytest.raises(ImageTaskError, match=r"'isaacchung/OxfordPets' must be on the .* hub .*a folder 'pets' w"):
        open_mieb_task(find_mieb_task("pets"))

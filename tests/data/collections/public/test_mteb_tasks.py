"""MTEB's tasks: which part of each the zoo's runs are about."""

from __future__ import annotations

from pathlib import Path

from zoograph.data.collections.public.mteb_tasks import MtebTask, make_task_table, read_task_table, write_task_table
from zoograph.data.collections.public_datasets import find_public_dataset
from zoograph.data.collections.tables import read_table
from zoograph.data.records.cards import Modality
from zoograph.data.records.records import Protocol


def _write(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_tasks_are_those_that_were_measured_with_their_sizes(tmp_path: Path) -> None:
    _write(
        tmp_path / "mieb" / "mieb_datasets.csv",
        "task,kind,split,num_samples,num_labels",
        "DTD,ImageClassification,test,1880,47",
        "DTD,ImageClassification,train,3760,47",
        "RenderedSST2,ZeroShotClassification,test,1821,2",
        "SciMMIR,ZeroShotClassification,test,16263,5",
    )
    _write(
        tmp_path / "mieb" / "mieb_image_classification.csv",
        "task,split,subset",
        *("DTD,test,default", "DTD,test,default", "RenderedSST2,test,default", "CIFAR10Clustering,test,default"),
    )
    _write(tmp_path / "mteb_text" / "datasets.csv", "task,split,num_samples", "Imdb,test,25000", "Imdb,train,9")
    _write(tmp_path / "mteb_text" / "runs.csv", "task,subset", "Imdb,en")
    tasks = make_task_table(tmp_path)
    assert tasks == (
        MtebTask(
            **{"task": "DTD", "modality": Modality.IMAGE, "protocol": Protocol.PROBE, "split": "test"},
            **{"subset": "default", "test_size": 1880, "shots": 16, "train_size": 752},
        ),
        MtebTask(
            **{"task": "Imdb", "modality": Modality.TEXT, "protocol": Protocol.PROBE, "split": "test"},
            **{"subset": "en", "test_size": 25000},
        ),
        MtebTask(
            **{"task": "RenderedSST2", "modality": Modality.IMAGE, "protocol": Protocol.ZERO_SHOT, "split": "test"},
            **{"subset": "default", "test_size": 1821},
        ),
    )
    assert [task.source for task in tasks] == ["mieb", "mteb", "mieb"]
    write_task_table(tasks, tmp_path / "tasks.csv")
    assert read_table(tmp_path / "tasks.csv", MtebTask) == tasks


def test_every_task_that_ships_is_one_of_a_public_dataset() -> None:
    tasks = read_task_table()
    assert len(tasks) == 57
    for name in tasks:
        assert find_public_dataset(name)

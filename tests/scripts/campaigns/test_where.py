"""Options of where work runs, patterns of models, and the table of what failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.data.records.collection import Collection
from zoograph.data.testing.small_jobs import add_up
from zoograph.scripts.campaigns.where import failure_as_dict, make_where, tally_rows, unfold_models
from zoograph.training.executors.executor import ExecutorError, ExecutorKind
from zoograph.training.executors.run import FailedWork, Tally
from zoograph.training.executors.work import Problem, Resources, Trouble, Work


def test_options() -> None:
    where = make_where("ray", 3, "auto", None, 0.25, 4.0)
    assert (where.kind, where.processes, where.address) == (ExecutorKind.RAY, 3, "auto")
    assert where.each == Resources(1, 0.25, 4_000_000_000)
    with pytest.raises(UnknownName, match=r"'rays'.*Valid names: local, processes, ray"):
        make_where("rays")
    with pytest.raises(ExecutorError, match=r"is for '--executor ray'"):
        make_where("local", address="auto")


def test_patterns_are_unfolded_and_names_stay_as_they_are_written(toy_zoo: Collection) -> None:
    assert unfold_models(["timm/resnet18", "./mine"]) == ["timm/resnet18", "./mine"]
    assert unfold_models(["mine", "r*", "resnet"]) == ["mine", "resnet"]
    with pytest.raises(UnknownName, match="No name fits the pattern"):
        unfold_models(["timm:vit*"])  # the toy zoo's are not timm's


def test_files_of_names_and_patterns_are_unfolded(toy_zoo: Collection, tmp_path: Path) -> None:
    (tmp_path / "nets.txt").write_text("vit\n# more\nr*\n")
    assert unfold_models(["mine", str(tmp_path / "nets.txt")]) == ["mine", "vit", "resnet"]
    (tmp_path / "twice.txt").write_text("vit\nmine\nvit\n")
    assert unfold_models([str(tmp_path / "twice.txt"), "mine"]) == ["vit", "mine"]
    with pytest.raises(ZoographError, match=r"nowhere\.txt' is not there"):
        unfold_models(["nowhere.txt"])


def test_what_became_of_the_pieces_and_how_often_they_were_tried() -> None:
    failed = FailedWork(Work("vit on pets", add_up, []), Problem(Trouble.PASSING, "no answer"), 4, "node")
    assert failure_as_dict(failed) == {
        "task": "vit on pets",
        "trouble": "passing",
        "attempts": 4,
        "reason": "no answer",
    }
    assert tally_rows(Tally(1200, 3, [failed]), 7) == [
        ("measured", "1,200"),
        ("known before", "7"),
        ("failed: a server or disk did not serve", "1"),
        ("attempts that were repeated", "3"),
    ]

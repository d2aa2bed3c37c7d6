"""A piece of work: its threads, its troubles, its warnings and its versions."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import torch

from zoograph.data.images.loading import default_workers
from zoograph.data.testing.small_jobs import add_up, fail
from zoograph.training.executors.work import Resources, Trouble, Work, perform, versions


def _warn(payload: str, progress: Any) -> None:
    logging.getLogger("zoograph.data").warning("%s", payload)


def test_a_result_and_where_it_comes_from() -> None:
    done = perform(Work("sum", add_up, [1, 2]))
    assert (done.result, done.problem) == (3, None)
    assert "process" in done.where
    assert done.seconds >= 0


def test_threads_are_as_many_as_it_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    seen = perform(Work("threads", lambda _, __: (torch.get_num_threads(), default_workers(10_000)), 0, Resources(2)))
    assert seen.result == (2, 0)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("kind", "trouble", "reason"),
    [
        ("wrong", Trouble.WRONG, "Unknown model 'resnet'. Nearest names: resnet18."),
        ("passing", Trouble.PASSING, "no answer"),
        ("full", Trouble.PASSING, "The disk of '.*' is full .*No space left on device.*. Make room there"),
        ("bug", Trouble.BUG, "KeyError: 'bug'"),
    ],
)
def test_troubles_are_told_apart(kind: str, trouble: Trouble, reason: str) -> None:
    problem = perform(Work("fails", fail, kind), None, versions()).problem
    assert problem is not None
    assert problem.kind is trouble
    with pytest.raises(ValueError, match=reason):
        raise ValueError(problem.reason)
    assert ("Traceback" in problem.details) == (trouble is Trouble.BUG)


def test_a_bug_in_this_process_is_raised_where_it_is() -> None:
    with pytest.raises(KeyError, match="bug"):
        perform(Work("fails", fail, "bug"))


def test_warnings_come_back_from_elsewhere() -> None:
    assert perform(Work("warns", _warn, "a file is damaged"), None, versions()).warnings == ("a file is damaged",)
    assert perform(Work("warns", _warn, "a file is damaged")).warnings == ()


def test_other_versions_are_refused() -> None:
    problem = perform(Work("sum", add_up, [1]), None, {**versions(), "torch": "1.0"}).problem
    assert problem is not None
    assert problem.kind is Trouble.WRONG
    assert "must run torch 1.0 (got torch" in problem.reason

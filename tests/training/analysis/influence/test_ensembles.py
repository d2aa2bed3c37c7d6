"""Ensembles: the same bits however many processes, however often stopped, and however they grew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from zoograph.training.analysis.influence import jobs
from zoograph.training.analysis.influence.batched_training import Schedule, train_many
from zoograph.training.analysis.influence.ensembles import Ensemble, EnsembleRunner, begin_runner
from zoograph.training.analysis.influence.members import Members
from zoograph.training.runtime.processes import workers
from zoograph.training.studies.influence.planted import PlantedCase, make_planted_case

COUNT = 20  # two groups, the second of four


@pytest.fixture(scope="module")
def case() -> PlantedCase:
    made = make_planted_case()
    quick = replace(
        made.recipe, schedule=Schedule(steps=2, batch_size=8), fine_schedule=Schedule(steps=2, batch_size=8)
    )
    return replace(made, recipe=quick)


def here(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    return lambda: function(*arguments)


def make(case: PlantedCase, folder: Path, count: int = COUNT, submit: Any = here, **changes: Any) -> Ensemble:
    recipe = replace(case.recipe, **changes)
    return EnsembleRunner(folder, submit).random_ensemble(case.source, count, recipe=recipe)


@pytest.fixture(scope="module")
def at_once(case: PlantedCase, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """Outcomes of a run that nothing disturbed."""
    return np.array(make(case, tmp_path_factory.mktemp("once")).transfer(case.target)["outcomes"])


def test_calls_that_begin_at_once_in_any_order_give_the_same_bits(
    case: PlantedCase, at_once: np.ndarray, tmp_path: Path
) -> None:
    """What processes do: every call has begun before the first is waited for, and the last may end first."""
    begun: list[Callable[[], Any]] = []
    results: dict[int, Any] = {}

    def submit(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        begun.append(lambda: function(*arguments))
        place = len(begun) - 1

        def wait() -> Any:
            for other in reversed(range(len(begun))):
                if other not in results:
                    results[other] = begun[other]()
            return results[place]

        return wait

    found = make(case, tmp_path, submit=submit).transfer(case.target)
    assert len(begun) == 4
    assert np.array_equal(found["outcomes"], at_once)


@pytest.mark.slow
def test_two_processes_give_the_same_bits(case: PlantedCase, at_once: np.ndarray, tmp_path: Path) -> None:
    with workers(2) as submit:
        found = make(case, tmp_path, submit=submit).transfer(case.target)
    assert found.done.all()
    assert np.array_equal(found["outcomes"], at_once)


def test_killed_run_resumes_with_the_same_bits(case: PlantedCase, at_once: np.ndarray, tmp_path: Path) -> None:
    calls = []

    def dying(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        def wait() -> Any:
            if len(calls) == 1:
                raise KeyboardInterrupt
            calls.append(function.__name__)
            return function(*arguments)

        return wait

    with pytest.raises(KeyboardInterrupt):
        make(case, tmp_path, submit=dying).transfer(case.target)
    assert calls == ["train_block"]

    def counting(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        calls.append(function.__name__)
        return here(function, *arguments)

    found = make(case, tmp_path, submit=counting).transfer(case.target)
    assert np.array_equal(found["outcomes"], at_once)
    assert calls == ["train_block", "train_block", "transfer_block", "transfer_block"]
    make(case, tmp_path, submit=counting).transfer(case.target)
    assert len(calls) == 4  # nothing again


def test_grown_ensemble_has_the_same_bits(case: PlantedCase, at_once: np.ndarray, tmp_path: Path) -> None:
    make(case, tmp_path, count=8).transfer(case.target)
    found = make(case, tmp_path).transfer(case.target)
    assert np.array_equal(found["outcomes"], at_once)
    assert np.array_equal(make(case, tmp_path, count=8).transfer(case.target)["outcomes"], at_once[:8])


def test_other_recipes_are_kept_apart(case: PlantedCase, at_once: np.ndarray, tmp_path: Path) -> None:
    head = make(case, tmp_path, count=8)
    full = make(case, tmp_path, count=8, transfer="full")
    assert full.folder == head.folder  # the same source models
    assert make(case, tmp_path, count=8, schedule=Schedule(steps=3)).folder != head.folder
    tuned = full.transfer(case.target)["outcomes"]
    assert np.isfinite(tuned).all()
    assert not np.array_equal(tuned, head.transfer(case.target)["outcomes"])


def test_full_transfer_trains_all_layers_from_the_source_model(
    case: PlantedCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = make(case, tmp_path, count=8, transfer="full")
    source_models = torch.from_numpy(np.array(full.train()["weights"]))
    seen: list[torch.Tensor] = []

    def spying(network: Any, start: torch.Tensor, *rest: Any) -> torch.Tensor:
        seen.extend((start, train_many(network, start, *rest)))
        return seen[1]

    monkeypatch.setattr(jobs, "train_many", spying)
    full.transfer(case.target)
    start, end = seen
    head = (24 + 1) * len(case.source.classes)  # 24 features and a bias
    body = source_models.shape[1] - head
    assert start.shape[1] == body + (24 + 1) * len(case.target.classes)
    assert torch.equal(start[:, :body], source_models[:, :body])
    moved = (end - start).abs()
    assert (moved[:, :body] > 0).float().mean() > 0.9
    assert (moved[:, body:] > 0).float().mean() > 0.9


def test_a_model_sees_its_classes_alone(case: PlantedCase, tmp_path: Path) -> None:
    """Its accuracy is measured on the classes that it saw; without the others its weights are the same."""
    keep = np.zeros((1, 24), dtype=bool)
    keep[0, [1, 5, 9]] = True
    lab = EnsembleRunner(tmp_path, here)
    found = lab.given_ensemble(case.source, Members(keep, (7,)), recipe=case.recipe).train()
    images = case.source.train_images.copy()
    images[~keep[0][case.source.train_labels]] = 0
    other = lab.given_ensemble(replace(case.source, train_images=images), Members(keep, (7,)), recipe=case.recipe)
    assert np.array_equal(other.train()["weights"], found["weights"])
    by_example = Members(keep[:, case.source.train_labels], (7,))
    same = lab.given_ensemble(case.source, by_example, "example", case.recipe).train()
    assert np.array_equal(same["weights"], found["weights"])


def test_models_are_kept_in_the_cache_of_the_home(home: Path) -> None:
    told: list[tuple[str, int, int]] = []
    with begin_runner(torch.device("cpu"), 1, lambda *done: told.append(done)) as runner:
        assert runner.submit(abs, -2)() == 2
        runner.tell("train", 0, 1)
    assert (runner.folder, runner.device, told) == (home / "cache" / "influence", "cpu", [("train", 0, 1)])

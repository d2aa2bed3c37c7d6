"""What task-relatedness means: tasks that are alike, noise, label order, settings, and a bound that holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from zoograph.data.testing.pretend_device import PRETEND, PretendDevice
from zoograph.graphs.scores.relatedness.tasks import RelatednessError, Task, prepare
from zoograph.training.analysis.relatedness.relate import QUICK, Relating, Setting, relate_tasks, true_loss

SMALL = {"iterations": 80, "batch_size": 60}


def gaussians(name: str, num_classes: int = 4, noise: float = 0.0, seed: int = 0, size: int = 240) -> Task:
    """Classes around fixed centres in eight dimensions; the noise comes on top, and adds nothing to the centres."""
    centres = 3 * torch.randn(num_classes, 8, generator=torch.Generator().manual_seed(7))
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(size) % num_classes
    features = centres[labels] + torch.randn(size, 8, generator=generator)
    features = features + noise * torch.randn(size, 8, generator=generator)
    half = size // 2
    return Task(name, features[:half], labels[:half], features[half:], labels[half:])


@pytest.mark.parametrize("setting", [Setting.SPARSE, Setting.FIXED_ALL])
def test_a_task_is_at_no_distance_from_itself(setting: Setting) -> None:
    task = gaussians("one", num_classes=2 if setting is Setting.FIXED_ALL else 4)
    seeds = (0, 1, 2, 3)  # an assignment by chance is the right one now and then
    found = [relate_tasks(task, task, Relating(setting, seed=seed)) for seed in seeds]
    best = min(found, key=lambda related: related.bound.total)
    assert best.bound.distance == pytest.approx(0, abs=1e-6)
    assert best.bound.label_mismatch == 0
    assert best.bound.total == pytest.approx(best.transplanted_loss, rel=1e-6)
    assert best.transplanted_accuracy > 0.9


@pytest.mark.parametrize("setting", list(Setting))
def test_names_and_order_of_labels_change_nothing(setting: Setting) -> None:
    reference, target = gaussians("a"), gaussians("b", noise=1, seed=1)
    how = Relating(setting, iterations=3, batch_size=60)
    renamed = torch.tensor([12, 5, -1, 3])
    assert target.labels is not None
    assert target.held_labels is not None
    other = replace(target, labels=renamed[target.labels], held_labels=renamed[target.held_labels])
    bounds = [relate_tasks(reference, one, how).bound for one in (target, other)]
    assert bounds[0] == pytest.approx(bounds[1], rel=1e-9)


def test_more_noise_makes_the_bound_larger() -> None:
    reference = gaussians("a", size=480)
    found = [relate_tasks(reference, gaussians("b", noise=x, seed=1, size=480)) for x in (0.0, 1.0, 2.0, 4.0, 8.0)]
    totals = [related.bound.total for related in found]
    assert totals == sorted(totals)
    assert totals[-1] > totals[0] + 0.02


def test_learning_the_features_lowers_what_was_fixed_and_matching_classes_lowers_it_further() -> None:
    reference = gaussians("a", num_classes=6)
    means = dict.fromkeys(("fixed", "learned", "sparse"), 0.0)
    for seed in range(2):
        target = gaussians("b", noise=1.5, seed=seed + 1)
        common = {"seed": seed, **SMALL}
        means["fixed"] += relate_tasks(reference, target, Relating(Setting.FIXED_ALL, **common)).bound.total
        means["learned"] += relate_tasks(reference, target, Relating(Setting.LEARNED_A, **common)).bound.total
        means["sparse"] += relate_tasks(reference, target, Relating(Setting.SPARSE, **common)).bound.total
    assert means["fixed"] > means["learned"] > means["sparse"]


@pytest.mark.parametrize("setting", list(Setting))
def test_the_true_loss_is_within_the_bound(setting: Setting) -> None:
    reference, target = gaussians("a", num_classes=5), gaussians("b", noise=1, seed=1)
    assert true_loss(target) <= relate_tasks(reference, target, Relating(setting, **SMALL)).bound.total


def test_several_reference_classes_for_each_class() -> None:
    related = relate_tasks(gaussians("a", num_classes=8), gaussians("b", seed=1), replace(QUICK, per_class=2))
    assert related.chain.relabelling.sum(1).tolist() == [2, 2, 2, 2]
    assert related.chain.relabelling.sum(0).tolist() == [1] * 8
    assert related.bound.label_mismatch == 0


def test_a_rounded_assignment_has_no_label_mismatch() -> None:
    reference, target = gaussians("a"), gaussians("b", seed=1)
    soft, hard = (
        relate_tasks(reference, target, Relating(Setting.LEARNED_ALL, hard=x, **SMALL)) for x in (False, True)
    )
    assert soft.bound.label_mismatch > 0.05
    assert hard.bound.label_mismatch == 0
    torch.testing.assert_close(hard.chain.matrix, soft.chain.matrix)


def test_the_descent_learns_which_class_becomes_which() -> None:
    related = relate_tasks(
        gaussians("a"), gaussians("b", seed=1), Relating(Setting.LEARNED_ALL, iterations=250, batch_size=60)
    )
    assert sorted(related.chain.relabelling.argmax(0).tolist()) == [0, 1, 2, 3]
    assert float(related.chain.relabelling.max(0).values.min()) > 0.6


def test_a_matched_start_has_the_classes_of_the_nearest_means_before_anything_is_learned() -> None:
    reference, target = gaussians("a"), gaussians("b", seed=1)
    how = Relating(Setting.LEARNED_ALL, iterations=1, batch_size=60)
    started = relate_tasks(reference, target, replace(how, matched=True)).chain.relabelling
    drawn = torch.randperm(4, generator=torch.Generator().manual_seed(0))  # the order that the reference's classes have
    assert started.argmax(0).tolist() == drawn.tolist()
    assert float(started.max(0).values.min()) > 0.75
    assert float(relate_tasks(reference, target, how).chain.relabelling.max()) < 0.75


def test_consistent_costs_are_another_bound() -> None:
    reference, target = gaussians("a"), gaussians("b", noise=1, seed=1)
    for setting in (Setting.SPARSE, Setting.LEARNED_A):
        published, consistent = (
            relate_tasks(reference, target, Relating(setting, consistent=x, **SMALL)).bound for x in (False, True)
        )
        assert consistent.lipschitz > published.lipschitz  # the inverse moves stretch


def test_the_entropic_coupling_gives_nearly_the_exact_bound() -> None:
    reference, target = gaussians("a"), gaussians("b", noise=1, seed=1)
    exact, entropic = (
        relate_tasks(reference, target, Relating(coupler=name)).bound.total for name in ("exact", "entropic")
    )
    assert entropic == pytest.approx(exact, rel=0.01)


def test_seconds_are_told_apart() -> None:
    seconds = relate_tasks(gaussians("a"), gaussians("b", seed=1)).seconds
    assert set(seconds) == {"head", "transport", "steps", "evaluation"}
    assert all(value > 0 for value in seconds.values())


def test_samples_are_chosen_after_the_classes() -> None:
    reference = gaussians("a", num_classes=8, size=800)
    few = relate_tasks(reference, gaussians("b", seed=1), replace(QUICK, samples=40))
    assert few.bound.total != relate_tasks(reference, gaussians("b", seed=1), QUICK).bound.total
    assert prepare(reference).num_classes == 8


def test_a_reference_with_too_few_classes_and_a_batch_that_is_too_small_are_refused() -> None:
    with pytest.raises(RelatednessError, match="has 4 classes, and 6 are needed"):
        relate_tasks(gaussians("a"), gaussians("b", num_classes=6))
    with pytest.raises(RelatednessError, match=r"each of the 4 classes \(got 3\)"):
        relate_tasks(gaussians("a"), gaussians("b"), Relating(Setting.LEARNED_ALL, batch_size=3))


@pytest.mark.parametrize("coupler", ["exact", "entropic"])
@pytest.mark.parametrize("setting", list(Setting))
def test_it_is_computed_where_the_features_are(setting: Setting, coupler: str) -> None:
    how = Relating(setting, samples=60, iterations=2, coupler=coupler, matched=True, hard=True)
    tasks = gaussians("a", 5), gaussians("b", noise=1, seed=1)

    def moved(task: Task) -> Task:
        parts = (task.features, task.labels, task.held_features, task.held_labels)
        return Task(task.name, *(None if part is None else part.to(PRETEND) for part in parts))  # type: ignore[arg-type]

    here = relate_tasks(*tasks, how)
    with PretendDevice():
        there = relate_tasks(*map(moved, tasks), how)
        assert there.chain.matrix.device == PRETEND
    assert there.bound == pytest.approx(here.bound, rel=1e-9)


def test_a_steeper_head_makes_the_loss_change_faster() -> None:
    tasks = gaussians("a"), gaussians("b", noise=1, seed=1)
    flat, steep = (relate_tasks(*tasks, Relating(tau=tau)).bound for tau in (0.02, 1.0))
    assert steep.lipschitz > 2 * flat.lipschitz
    assert steep.reference_loss < flat.reference_loss

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from zoograph.data.collections.glyphs.models import ARCHITECTURES, CORPORA
from zoograph.data.collections.glyphs.plan import full_plan


def test_the_full_plan_is_twelve_models_on_more_than_a_hundred_tasks_of_seven_domains() -> None:
    plan = full_plan()
    assert {model.id for model in plan.models} == {
        f"glyph_{name}_{corpus}" for name in ARCHITECTURES for corpus in CORPORA
    }
    assert len({task.id for task in plan.tasks}) == len(plan.tasks) >= 100
    assert len(plan.domains) == 7
    assert {len(task.characters) for task in plan.tasks} == {2, 4, 8, 16, 32}
    assert plan.model(plan.relating_model).id == plan.relating_model


def test_about_one_pair_in_ten_is_fine_tuned_whatever_the_model() -> None:
    plan = full_plan()
    assert 0.08 < len(plan.finetuned) / (len(plan.models) * len(plan.tasks)) < 0.12
    assert min(Counter(model for model, _ in plan.finetuned).values()) >= 3
    assert replace(plan, tasks=plan.tasks[::-1]).finetuned != plan.finetuned
    assert set(replace(plan, tasks=plan.tasks[::-1]).finetuned) == set(plan.finetuned)
    assert set(replace(plan, seed=1).finetuned) != set(plan.finetuned)


def test_another_plan_has_other_files() -> None:
    plan = full_plan()
    assert plan.digest() == full_plan().digest()
    longer = replace(plan, models=(replace(plan.models[0], epochs=99), *plan.models[1:]))
    others = [replace(plan, seed=1), replace(plan, tasks=plan.tasks[:5]), longer]
    assert len({plan.digest(), *(other.digest() for other in others)}) == 4

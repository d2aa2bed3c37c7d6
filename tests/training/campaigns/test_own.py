"""Plans for somebody's own dataset: what the store has of the same weights' names and samples is left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from zoograph.data.networks.weights import RANDOM
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol, Run, Score
from zoograph.data.store.store import RecordStore
from zoograph.training.campaigns.own import plan_own
from zoograph.training.executors.executor import ExecutorKind, Where
from zoograph.training.measuring.subject import Subject

MODEL, OTHER = "test_vit.r160_in1k", "test_resnet.r160_in1k"


def test_what_is_there_is_left_out(toy_zoo: Collection, tmp_path: Path, paint_classes: Callable[[Path], Path]) -> None:
    folder = paint_classes(tmp_path / "animals")
    subject = Subject([MODEL, OTHER], str(folder))
    task = subject.open()
    where = Where(ExecutorKind.PROCESSES, 2)
    plan = plan_own(subject, {MODEL: 10.0, OTHER: 10.0}, where, Protocol.HEAD, seeds=2)
    assert (plan.pieces, plan.done, plan.images, plan.slots) == (4, 0, 4 * len(task), 2)
    assert plan.weight_bytes > 0
    assert plan_own(Subject([MODEL], str(folder), weights=RANDOM), {}, where).weight_bytes == 0

    from zoograph.data.networks.timm_cards import model_card_from_timm
    from zoograph.training.measuring.store_names import place_in_store

    card = model_card_from_timm(MODEL)
    assert card is not None
    source = f"zoograph 0.1.0, weights 0123456789ab, images {task.digest[:12]}"
    with RecordStore.open() as store:
        dataset = place_in_store(store, task.card, str(folder))
        pair = {"model": MODEL, "dataset": dataset.id}
        runs = [
            Run(source=source, protocol=Protocol.HEAD, value=0.5, seed=1, **pair),
            Run(source=source.replace(task.digest[:12], "0" * 12), protocol=Protocol.HEAD, value=0.5, seed=0, **pair),
            Run(source=source, protocol=Protocol.FINETUNE, value=0.5, seed=0, **pair),
        ]
        store.add(
            models=[card], datasets=[dataset], runs=runs, scores=[Score(source=source, name="logme", value=1, **pair)]
        )
    assert plan_own(subject, {}, where, Protocol.HEAD, seeds=2).done == 1
    scores = plan_own(subject, {}, Where(), others=100)
    assert (scores.pieces, scores.done, scores.images, scores.slots) == (2, 1, len(task) + 100, 1)

"""Plans for somebody's own dataset: what the store has of the same weights' names and samples is left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from zoograph.data.networks.timm_cards import model_card_from_timm
from zoograph.data.networks.weights import RANDOM, load_pretrained
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol, Run, Score
from zoograph.data.store.store import RecordStore
from zoograph.training.campaigns.own import plan_own
from zoograph.training.executors.executor import ExecutorKind, Where
from zoograph.training.measuring.store_names import describe_source, place_in_store
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


def test_with_weights_of_ones_own_what_is_known_of_the_published_ones_is_not_done(
    toy_zoo: Collection, tmp_path: Path, paint_classes: Callable[[Path], Path]
) -> None:
    folder = paint_classes(tmp_path / "animals")
    subject = Subject([MODEL], str(folder), weights=RANDOM)
    task, model = subject.open(), load_pretrained(MODEL, RANDOM)
    card = model_card_from_timm(MODEL)
    assert card is not None
    others = f"zoograph 0.1.0, weights 0123456789ab, images {task.digest[:12]}"
    with RecordStore.open() as store:
        dataset = place_in_store(store, task.card, str(folder))
        score = Score(source=others, model=MODEL, dataset=dataset.id, name="logme", value=1)
        store.add(models=[card], datasets=[dataset], scores=[score])
    assert plan_own(Subject([MODEL], str(folder)), {}, Where()).done == 1
    assert plan_own(subject, {}, Where()).done == 0
    with RecordStore.open() as store:
        mine = score.model_copy(update={"source": describe_source(model, task), "model": model.card.id})
        store.add(models=[model.card], scores=[mine])
    assert plan_own(subject, {}, Where()).done == 1
    (tmp_path / "bad.pth").write_bytes(b"no weights")
    assert plan_own(Subject([MODEL], str(folder), weights=str(tmp_path / "bad.pth")), {}, Where()).done == 0

"""A probe looks at a sample and is stored as one; a head looks at everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.networks.timm_cards import make_card
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore
from zoograph.data.tasks.sources import open_task
from zoograph.training.choosing.laboratory import WEIGHTS, Laboratory, Wanted
from zoograph.training.executors.executor import ExecutorKind, Where
from zoograph.training.executors.local import LocalExecutor
from zoograph.training.executors.opening import open_executor
from zoograph.training.executors.work import Resources
from zoograph.training.measuring.each_model import held_here
from zoograph.training.measuring.subject import Subject


def test_every_level_is_a_run_of_the_store(photos: Path, weights_dir: Path, toy_zoo: Collection) -> None:
    card, path = make_card("test_vit.r160_in1k"), weights_dir / "test_vit.r160_in1k.safetensors"
    with RecordStore.open() as store:
        task = open_task(str(photos))
        store.add(models=[card])
        with held_here(task) as call:
            laboratory = Laboratory(
                store, task, task.card, Subject([], str(photos)), LocalExecutor(), call, probe_samples=12
            )
            (probe,), (head,) = (
                laboratory.measure([Wanted(card, path, level)]) for level in (Protocol.PROBE, Protocol.HEAD)
            )
        probe, head = probe.run, head.run
        stored = store.snapshot().runs
    assert (probe.protocol, probe.train_size, probe.test_size, probe.shots) == (Protocol.PROBE, 9, 3, 3)
    assert (head.protocol, head.train_size, head.test_size, head.shots) == (Protocol.HEAD, 21, 9, None)
    assert probe.model == head.model == card.id
    assert head.hyperparameters[WEIGHTS] == path.name
    assert set(stored["protocol"][stored["model"] == card.id]) == {"probe", "head"}


def test_a_piece_of_work_takes_the_names_of_its_model_along_and_no_others(
    photos: Path, weights_dir: Path, toy_zoo: Collection
) -> None:
    card = make_card("test_vit.r160_in1k")
    with RecordStore.in_memory() as store, open_executor(Where()) as executor:
        task = open_task(str(photos))
        store.add(models=[card, make_card("test_resnet.r160_in1k")], datasets=[task.card])
        laboratory = Laboratory(store, task, task.card, Subject([], str(photos)), executor, "call")
        work = laboratory._make_work(Wanted(card, weights_dir / f"{card.id}.safetensors", Protocol.HEAD))
        assert work.payload.request.names == store.names().of_model(card.id)
        assert card.id in work.payload.request.names.models
        assert "test_resnet.r160_in1k" in store.names().models


@pytest.mark.slow
def test_runs_are_the_same_in_this_process_and_in_others(photos: Path, weights_dir: Path, toy_zoo: Collection) -> None:
    """Bit for bit, at one thread; one that fails does not stop the others."""
    names = ("test_vit.r160_in1k", "test_resnet.r160_in1k")
    cards, found = [make_card(name) for name in names], []
    wanted = [Wanted(card, weights_dir / f"{card.id}.safetensors", Protocol.HEAD) for card in cards]
    for kind in (ExecutorKind.LOCAL, ExecutorKind.PROCESSES):
        where = Where(kind, 2, resources=Resources(1))
        with RecordStore.in_memory() as store, open_executor(where) as executor:
            task = open_task(str(photos))
            store.add(models=cards)
            with held_here(task) as call:
                laboratory = Laboratory(store, task, task.card, Subject([], str(photos)), executor, call, where)
                assert laboratory.at_once == (1 if kind is ExecutorKind.LOCAL else 2)
                runs = laboratory.measure([*wanted, Wanted(cards[0], weights_dir / "nothing", Protocol.HEAD)])
            assert runs[2].run is None
            assert runs[2].reason
            found.append([one.run.model_dump(exclude={"measured_at"}) for one in runs[:2] if one.run is not None])
            assert all(run["hyperparameters"].pop("seconds") > 0 for run in found[-1])
            assert len(store.runs_of(datasets=[task.card.id])) == 2
    assert found[0] == found[1]
    assert len(found[0]) == 2

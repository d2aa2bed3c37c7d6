"""A probe looks at a sample and is stored as one; a head looks at everything."""

from __future__ import annotations

from pathlib import Path

import torch

from zoograph.data.networks.timm_cards import make_card
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore
from zoograph.data.tasks.sources import open_task
from zoograph.training.choosing.laboratory import WEIGHTS, Laboratory


def test_every_level_is_a_run_of_the_store(photos: Path, weights_dir: Path, toy_zoo: Collection) -> None:
    card, path = make_card("test_vit.r160_in1k"), weights_dir / "test_vit.r160_in1k.safetensors"
    with RecordStore.open() as store:
        task = open_task(str(photos))
        store.add(models=[card])
        laboratory = Laboratory(store, task, task.card, torch.device("cpu"), probe_samples=12)
        probe = laboratory.measure(card, path, Protocol.PROBE)
        head = laboratory.measure(card, path, Protocol.HEAD)
        stored = store.snapshot().runs
    assert (probe.protocol, probe.train_size, probe.test_size, probe.shots) == (Protocol.PROBE, 9, 3, 3)
    assert (head.protocol, head.train_size, head.test_size, head.shots) == (Protocol.HEAD, 21, 9, None)
    assert probe.model == head.model == card.id
    assert head.hyperparameters[WEIGHTS] == path.name
    assert set(stored["protocol"][stored["model"] == card.id]) == {"probe", "head"}

"""The missing table: pairs that are kept, taken up again, the same whatever measured them, and read by ``ingest``."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from PIL import Image

from zoograph.data.collections.public.mieb_tasks import find_mieb_task
from zoograph.data.networks import weights as loading
from zoograph.data.networks.timm_cards import model_card_from_timm
from zoograph.data.networks.weights import RANDOM, PretrainedModel
from zoograph.data.records.records import Run
from zoograph.data.store.store import RecordStore
from zoograph.facade import ingest
from zoograph.training.campaigns.public import (
    KeptPairs,
    Pair,
    make_pairs,
    measure_pair,
    measure_pairs,
    write_contribution,
)
from zoograph.training.executors.executor import ExecutorKind, Where
from zoograph.training.executors.local import LocalExecutor
from zoograph.training.executors.opening import open_executor
from zoograph.training.executors.run import Tally
from zoograph.training.executors.work import Resources, Trouble

ONE = Resources(1)
MODELS = ("test_vit.r160_in1k", "test_resnet.r160_in1k")
TASKS = (find_mieb_task("pets"), find_mieb_task("dtd"))


@pytest.fixture
def data(tmp_path: Path) -> str:
    """Two datasets of painted images, each with two splits of two classes."""
    for place, dataset in enumerate(("pets", "dtd")):
        for split, number in (("train", 18), ("test", 5)):
            for shade, name in enumerate(("cat", "dog")):
                folder = tmp_path / "data" / dataset / split / name
                folder.mkdir(parents=True)
                for row in range(number):
                    seed = [place, shade, row, len(split)]
                    noise = np.random.default_rng(seed).integers(0, 100, (8, 8, 3), dtype=np.uint8)
                    noise[..., shade] += 60
                    Image.fromarray(noise).save(folder / f"{row}.png")
    return str(tmp_path / "data")


def _measure(pairs: list[Pair], kept: KeptPairs) -> Tally:
    return measure_pairs(LocalExecutor(), pairs, kept, ONE)


def test_pairs_are_kept_one_by_one_and_only_what_is_missing_is_measured(data: str, tmp_path: Path) -> None:
    kept = KeptPairs(tmp_path / "kept")
    pairs = make_pairs(MODELS, TASKS, weights=RANDOM, data=data)
    assert [(pair.task.dataset, pair.model) for pair in pairs[:3]] == [
        ("pets", MODELS[0]),
        ("pets", MODELS[1]),
        ("dtd", MODELS[0]),
    ]
    assert _measure(pairs[:1], kept).done == 1
    first = kept.find(pairs[0])
    assert first is not None
    assert (first.shots, first.repeats, first.protocol.value, first.metric.value) == (16, 5, "probe", "top1")
    assert (first.train_size, first.test_size) == (32, 10)
    assert first.hyperparameters.keys() == {"spread", "embedding", "weights", "images"}
    told: list[Run] = []
    tally = measure_pairs(LocalExecutor(), pairs, kept, ONE, told=told.append)
    assert (tally.done, len(told)) == (3, 3)
    assert kept.find(pairs[0]) == first
    assert len(kept.runs(pairs)) == 4

    damaged = next(iter((tmp_path / "kept").rglob("pets/test_vit*.json")))
    damaged.write_text(damaged.read_text().replace('"value": ', '"value": 0'))
    assert kept.find(pairs[0]) is None
    assert _measure(pairs, kept).done == 1
    assert kept.find(pairs[0]) == first  # bit for bit


def test_random_weights_are_no_rows_of_the_published_ones(data: str, tmp_path: Path) -> None:
    kept = KeptPairs(tmp_path / "kept")
    random = Pair(MODELS[0], TASKS[0], RANDOM, data)
    _measure([random], kept)
    assert kept.find(random) is not None
    assert kept.find(replace(random, weights=None)) is None


def test_what_cannot_be_had_fails_alone(data: str, tmp_path: Path) -> None:
    pairs = [*make_pairs(("no_such_model", MODELS[0]), TASKS[:1], weights=RANDOM, data=data), Pair(MODELS[0], TASKS[0])]
    tally = _measure(pairs, KeptPairs(tmp_path / "kept"))
    assert tally.done == 1
    assert [one.problem.kind for one in tally.failed] == [Trouble.WRONG] * 2
    assert "no_such_model" in tally.failed[0].problem.reason


def test_the_file_is_read_by_ingest_as_it_was_measured(
    data: str, tmp_path: Path, shipped_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def published(name: str, *_: object, **__: object) -> PretrainedModel:
        card = model_card_from_timm(name)
        assert card is not None
        return replace(drawn(name, RANDOM), card=card)

    drawn = loading.load_pretrained
    monkeypatch.setattr(loading, "load_pretrained", published)
    kept, pairs = KeptPairs(tmp_path / "kept"), make_pairs(MODELS, TASKS, data=data)
    _measure(pairs, kept)
    path = tmp_path / "mieb-timm.csv"
    write_contribution(path, kept.runs(pairs))
    report = ingest(path)
    assert (report.new, report.num_left_out, report.new_models) == (4, 0, ())
    with RecordStore.open() as store:
        stored = [run for run in store.runs_of(model=MODELS[0]) if run.source.startswith("zoograph")]
    assert sorted(stored, key=lambda run: run.dataset) == [run for run in kept.runs(pairs) if run.model == MODELS[0]]


ON_RAY = pytest.mark.skipif(
    not os.environ.get("ZOOGRAPH_TEST_RAY"), reason="begins many processes: ZOOGRAPH_TEST_RAY=1 on an idle machine"
)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", [ExecutorKind.PROCESSES, pytest.param(ExecutorKind.RAY, marks=ON_RAY)])
def test_other_processes_measure_the_same_and_a_kill_loses_nothing(
    kind: ExecutorKind, data: str, tmp_path: Path
) -> None:
    if kind is ExecutorKind.RAY:
        pytest.importorskip("ray", reason="Ray is not installed: pip install 'zoograph[ray]'")
    pairs = make_pairs(MODELS, TASKS, weights=RANDOM, data=data)
    here, there = KeptPairs(tmp_path / "here"), KeptPairs(tmp_path / "there")
    _measure(pairs, here)
    with open_executor(Where(kind, 2)) as executor:
        if kind is ExecutorKind.PROCESSES:
            killer = Thread(target=_kill_one, args=(executor,), daemon=True)
            killer.start()
        tally = measure_pairs(executor, pairs, there, ONE)
        if kind is ExecutorKind.PROCESSES:
            killer.join(60)
            assert tally.repeated >= 1
    assert (tally.done, tally.failed) == (4, [])
    assert there.runs(pairs) == here.runs(pairs)  # bit for bit


def _kill_one(executor: object) -> None:
    import signal

    while not executor.busy:  # type: ignore[attr-defined]
        time.sleep(0.01)
    os.kill(executor.busy[0], signal.SIGKILL)  # type: ignore[attr-defined]


def test_a_pair_is_plain_data(data: str) -> None:
    row = measure_pair(Pair(MODELS[0], TASKS[0], RANDOM, data))
    assert Run.model_validate(row).model.startswith("test_vit@")
    assert all(isinstance(value, str | int | float | dict) for value in row.values())

"""What came and what went since a training is told by batches, whatever the numbers of runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from zoograph.data.errors import PredictorError
from zoograph.data.records.records import Metric, Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.training.versions.artifact import SAW, Artifact
from zoograph.training.versions.changes import find_changes


def _runs(number: int, metric: Metric = Metric.TOP1) -> list[Run]:
    return [
        Run(source="t", model="vit", dataset="pets", protocol=Protocol.HEAD, metric=metric, value=k / 100, seed=number)
        for k in range(number)
    ]


@pytest.fixture
def trained(toy_store: RecordStore, save_toy: Callable[..., Artifact], tmp_path: Path) -> Artifact:
    """A version that saw the zoo that ships and a batch of three runs."""
    toy_store.add(runs=_runs(3), batch="old")
    saw = toy_store.batch_digests()
    return save_toy(tmp_path / "head-toy", saw=saw, revision=toy_store.revision, num_records=4)


def test_nothing_has_changed(toy_store: RecordStore, trained: Artifact) -> None:
    assert find_changes(toy_store, trained) == (set(), 0, 0)


def test_what_came_is_counted(toy_store: RecordStore, trained: Artifact) -> None:
    toy_store.add(runs=_runs(2), batch="new")
    toy_store.add(runs=_runs(5, Metric.F1), batch="of another metric")
    assert find_changes(toy_store, trained) == ({"new"}, 2, 0)


def test_what_other_protocols_measured_is_a_change_without_new_runs(toy_store: RecordStore, trained: Artifact) -> None:
    probes = [run.model_copy(update={"protocol": Protocol.PROBE}) for run in _runs(2)]
    toy_store.add(runs=probes, batch="probes")
    assert find_changes(toy_store, trained) == ({"probes"}, 0, 0)
    toy_store.undo("probes")
    assert find_changes(toy_store, trained) == (set(), 0, 0)


def test_as_many_may_come_as_go(toy_store: RecordStore, trained: Artifact) -> None:
    toy_store.undo("old")
    toy_store.add(runs=_runs(2), batch="new")
    toy_store.add(runs=_runs(1), batch="newer")
    assert toy_store.count_runs(Protocol.HEAD) == trained.manifest.num_records
    assert find_changes(toy_store, trained) == ({"new", "newer"}, 3, 1)


def test_a_batch_that_grew_is_new_as_a_whole(toy_store: RecordStore, trained: Artifact) -> None:
    toy_store.add(runs=_runs(2), batch="old")
    assert find_changes(toy_store, trained) == ({"old"}, 5, 0)


def test_a_damaged_list_of_batches_is_an_error(toy_store: RecordStore, trained: Artifact) -> None:
    toy_store.add(runs=_runs(2), batch="new")
    (trained.folder / SAW).write_bytes(b"[]")
    with pytest.raises(PredictorError, match="is damaged"):
        find_changes(toy_store, trained)

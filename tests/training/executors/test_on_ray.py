"""Ray for real: a cluster of several nodes on this machine, kills included; and what is said where there is none."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from zoograph.data.networks.weights import RANDOM
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol
from zoograph.data.testing.small_jobs import add_up, end_the_process_once, fail, multiply_at_random, wait_for
from zoograph.training.executors import on_ray
from zoograph.training.executors.executor import ExecutorError, ExecutorKind, Where
from zoograph.training.executors.local import LocalExecutor
from zoograph.training.executors.on_ray import RayExecutor, import_ray, require_answer
from zoograph.training.executors.run import run_all
from zoograph.training.executors.work import Resources, Work
from zoograph.training.measuring.measure import measure_models
from zoograph.training.measuring.score import score_models
from zoograph.training.measuring.subject import Subject

ONE = Resources(1)


def test_ray_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(
        ExecutorError, match=r"pip install \"zoograph\[ray\]\"' on every node, or take '--executor proc"
    ):
        import_ray()


MISMATCH = """RuntimeError: Version mismatch: The cluster was started with:
    Ray: 2.60.0
    Python: 3.11.7
This process on node 127.0.0.1 was started with:
    Ray: 0.1
    Python: 3.11.7
"""


def test_both_versions_of_both_sides_are_read_from_what_ray_says(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = subprocess.CompletedProcess([], 1, "", f"Traceback (most recent call last):\n{MISMATCH}")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)
    with pytest.raises(
        ExecutorError,
        match=r"must run the same Ray and Python .got Ray 2.60.0, Python 3.11.7; Ray 0.1, Python 3.11.7",
    ):
        require_answer("10.0.0.5:6379")


@pytest.mark.slow
def test_nobody_answers() -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'zoograph[ray]'")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(ExecutorError, match=r"must answer at '127.0.0.1:\d+' .got no answer in 6 s."):
            require_answer(address, seconds=6)
        assert time.monotonic() - started < 60


def test_a_loopback_address_is_one_of_this_machine_alone() -> None:
    """Unless the port is open on the network's address, too."""
    with socket.socket() as here, socket.socket() as everywhere:
        here.bind(("127.0.0.1", 0))
        everywhere.bind(("0.0.0.0", 0))
        for one in (here, everywhere):
            one.listen()
        own = socket.gethostbyname(socket.gethostname())
        assert on_ray._listens_here_alone(f"127.0.0.1:{here.getsockname()[1]}")
        assert on_ray._listens_here_alone(f"localhost:{here.getsockname()[1]}")
        assert on_ray._listens_here_alone(f"127.0.0.1:{everywhere.getsockname()[1]}") == own.startswith("127.")
    assert not on_ray._listens_here_alone("10.0.0.5:6379")
    assert not on_ray._listens_here_alone("auto")


@pytest.fixture(scope="module")
def _patched() -> Iterator[None]:
    """Ray in this process keeps to the loopback interface, and has patience: a machine that runs tests is busy."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'zoograph[ray]'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(on_ray, "ANSWER_SECONDS", 240.0)
        patch.setenv("RAY_agent_register_timeout_ms", "240000")
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        import_ray()
        patch.setattr("ray._private.ray_constants.ENABLE_RAY_CLUSTER", False)  # if Ray was imported before
        yield


@pytest.fixture(scope="module")
def cluster(_patched: None) -> Iterator[Any]:
    """Three nodes, for all tests, on the loopback interface: a head that runs nothing, and two with one CPU each."""
    from ray.cluster_utils import Cluster

    small = {"node_ip_address": "127.0.0.1", "include_log_monitor": False, "object_store_memory": 80_000_000}
    head = {"num_cpus": 0, "include_dashboard": False, "dashboard_host": "127.0.0.1"}
    cluster = Cluster(initialize_head=True, head_node_args={**small, **head})
    try:
        cluster.nodes = [cluster.add_node(wait=False, num_cpus=1, **small) for _ in range(2)]
        cluster.wait_for_nodes(timeout=240)
        yield cluster
    finally:
        cluster.shutdown()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(
    not os.environ.get("ZOOGRAPH_TEST_RAY"), reason="begins many processes: ZOOGRAPH_TEST_RAY=1 on an idle machine"
)
class TestCluster:
    """What needs a cluster of Ray."""

    @pytest.fixture
    def executor(self, cluster: Any) -> Iterator[RayExecutor]:
        executor = RayExecutor(cluster.address, ONE, 1)
        try:
            yield executor
        finally:
            executor.close()

    def test_numbers_are_those_of_this_machine_and_both_nodes_work(self, executor: RayExecutor) -> None:
        assert executor.slots == 4
        works = [Work(f"seed {seed}", multiply_at_random, seed, ONE) for seed in range(6)]
        found: dict[str, Any] = {}
        here: dict[str, Any] = {}
        places: set[str] = set()

        def take(work: Work, done: Any) -> None:
            found[work.name] = done.result
            places.add(done.where.rpartition(", node ")[2])

        tally = run_all(executor, works, take)
        assert (tally.done, tally.repeated, tally.failed) == (6, 0, [])
        assert len(places) == 2
        run_all(LocalExecutor(), works, lambda work, done: here.update({work.name: done.result}))
        assert found == here  # bit for bit

    def test_a_worker_that_is_killed_is_missed_by_its_own_piece_alone(
        self, executor: RayExecutor, tmp_path: Path
    ) -> None:
        mark = tmp_path / "mark"
        works = [
            Work("killed", end_the_process_once, str(mark), ONE),
            *(Work(f"{n}", add_up, [n], ONE) for n in (1, 2)),
        ]
        results: dict[str, Any] = {}
        tally = run_all(executor, works, lambda work, done: results.update({work.name: done.result}), pause=0.01)
        assert (tally.done, tally.repeated, tally.failed) == (3, 1, [])
        assert results.pop("killed") != int(mark.read_text())
        assert results == {"1": 1, "2": 2}

    def test_a_disk_that_is_full_is_told_with_the_node(self, executor: RayExecutor) -> None:
        tally = run_all(executor, [Work("full", fail, "full", ONE)], lambda *_: None, attempts=2, pause=0.01)
        (failed,) = tally.failed
        assert failed.attempts == 2
        assert re.match(r"The disk of '.+' is full .*run it again", failed.problem.reason)

    def test_rows_are_the_same_in_this_process_in_others_and_on_ray(
        self,
        cluster: Any,
        toy_zoo: Collection,
        tmp_path: Path,
        paint_classes: Callable[[Path], Path],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        folder = paint_classes(tmp_path / "animals")
        subject = Subject(["test_vit", "nobody", "test_resnet"], str(folder), weights=RANDOM, device="cpu")
        found = []
        on_cluster = Where(ExecutorKind.RAY, address=cluster.address)
        for where in (Where(resources=ONE), Where(ExecutorKind.PROCESSES, 2), on_cluster):
            monkeypatch.setenv("ZOOGRAPH_HOME", str(tmp_path / where.kind.value))
            scores = score_models(subject, ["logme", "knn"], where=where)
            heads = measure_models(subject, Protocol.HEAD, 1, where=where)
            assert [failure.model for failure in scores.failures] == ["nobody"]
            runs = [(run.model, run.seed, run.value, run.train_size) for run in heads.runs]
            found.append(([(pair.model, pair.scores) for pair in scores.pairs], runs))
        assert len(found[0][0]) == len(found[0][1]) == 2
        assert found[0] == found[1] == found[2]  # bit for bit

    def test_more_than_any_node_has(self, cluster: Any) -> None:
        with pytest.raises(ExecutorError, match=r"must have 64 CPUs, 1 GPUs .got none that has."):
            RayExecutor(cluster.address, Resources(64, 1.0), 1)

    def test_another_version_of_ray(self, cluster: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "sitecustomize.py").write_text("import ray\nray.__version__ = '0.1'\n", encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
        with pytest.raises(ExecutorError, match=r"must run the same Ray and Python .got Ray 2.*; Ray 0.1, Python 3"):
            require_answer(cluster.address)

    def test_a_node_that_is_removed_is_replaced_by_the_other(
        self, cluster: Any, executor: RayExecutor, tmp_path: Path
    ) -> None:
        """What the node had finished stands, and what it was doing is done by the other one."""
        mark = tmp_path / "node"

        def remove() -> None:
            while not (mark.exists() and mark.read_text()):
                time.sleep(0.05)
            worker = int(mark.read_text())
            lost = next(node for node in cluster.nodes if _is_of(worker, node))
            cluster.remove_node(lost, allow_graceful=False)

        remover = Thread(target=remove, daemon=True)
        remover.start()
        results: dict[str, Any] = {}
        works = [Work("waits", wait_for, (600, str(mark)), ONE), *(Work(f"{n}", add_up, [n], ONE) for n in range(6))]
        tally = run_all(executor, works, lambda work, done: results.update({work.name: done.result}), pause=0.01)
        remover.join()
        assert tally.repeated >= 1
        assert tally.failed == []
        assert results.pop("waits") != int(mark.read_text())
        assert results == {str(n): n for n in range(6)}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(
    not os.environ.get("ZOOGRAPH_TEST_RAY"), reason="begins many processes: ZOOGRAPH_TEST_RAY=1 on an idle machine"
)
def test_a_cluster_of_its_own_does_work_and_listens_to_this_machine_alone(run_python: Callable[..., Any]) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'zoograph[ray]'")
    ran = run_python(_OWN)
    assert ran.out.split() == ["3", "127.0.0.1"]


_OWN = """
from zoograph.data.testing.small_jobs import add_up
from zoograph.training.executors.on_ray import RayExecutor
from zoograph.training.executors.run import run_all
from zoograph.training.executors.work import Resources, Work
from zoograph.training.measuring.measure import measure_models
from zoograph.training.measuring.score import score_models
from zoograph.training.measuring.subject import Subject
executor = RayExecutor(None, Resources(1), 1)
run_all(executor, [Work("sum", add_up, [1, 2], Resources(1))], lambda work, done: print(done.result))
print(*(node["NodeManagerAddress"] for node in executor._nodes()))
executor.close()
"""


def _is_of(process: int, node: Any) -> bool:
    """Return whether a worker belongs to a node: its parent is the node's raylet."""
    parent = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return any(info.process.pid == parent for infos in node.all_processes.values() for info in infos)

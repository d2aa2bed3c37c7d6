"""Ray for real: a cluster of several nodes on this machine, kills included; and what is said where there is none."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from zoograph.data.testing.small_jobs import add_up, end_the_process_once, multiply_at_random, wait_for
from zoograph.training.executors import on_ray
from zoograph.training.executors.executor import ExecutorError
from zoograph.training.executors.local import LocalExecutor
from zoograph.training.executors.on_ray import RayExecutor, import_ray, require_answer
from zoograph.training.executors.run import run_all
from zoograph.training.executors.work import Resources, Work

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


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(
    not os.environ.get("ZOOGRAPH_TEST_RAY"), reason="begins many processes: ZOOGRAPH_TEST_RAY=1 on an idle machine"
)
class TestCluster:
    """What needs a cluster of Ray."""

    @pytest.fixture(autouse=True)
    def _installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("ray", reason="Ray is not installed: pip install 'zoograph[ray]'")
        monkeypatch.setattr(on_ray, "ANSWER_SECONDS", 240.0)  # a machine that runs tests is busy
        monkeypatch.setenv("RAY_agent_register_timeout_ms", "240000")

    @pytest.fixture
    def cluster(self) -> Iterator[Any]:
        """Three nodes: a head that runs nothing, and two workers with one CPU each."""
        import_ray()
        from ray.cluster_utils import Cluster

        head = {
            "num_cpus": 0,
            "node_ip_address": "127.0.0.1",
            "include_dashboard": False,
            "dashboard_host": "127.0.0.1",
        }
        cluster = Cluster(initialize_head=True, head_node_args=head)
        try:
            cluster.nodes = [cluster.add_node(num_cpus=1, node_ip_address="127.0.0.1") for _ in range(2)]
            yield cluster
        finally:
            cluster.shutdown()

    def test_numbers_kills_and_what_is_not_there(self, cluster: Any, tmp_path: Path) -> None:
        works = [Work(f"seed {seed}", multiply_at_random, seed, ONE) for seed in range(4)]
        killed = Work("killed", end_the_process_once, str(tmp_path / "mark"), ONE)
        with pytest.raises(ExecutorError, match=r"must have 64 CPUs, 1 GPUs .got none that has."):
            RayExecutor(cluster.address, Resources(64, 1.0), 1)
        executor = RayExecutor(cluster.address, ONE, 1)
        try:
            assert executor.slots == 4
            found: dict[str, Any] = {}
            places: set[str] = set()

            def take(work: Work, done: Any) -> None:
                found[work.name] = done.result
                places.add(done.where.rpartition(", node ")[2])

            tally = run_all(executor, [killed, *works], take, pause=0.01)
            assert (tally.done, tally.repeated, tally.failed) == (5, 1, [])
            assert found.pop("killed") != int((tmp_path / "mark").read_text())
            assert len(places) == 2
            here: dict[str, Any] = {}
            run_all(LocalExecutor(), works, lambda work, done: here.update({work.name: done.result}))
            assert found == here  # bit for bit

            self._remove_a_node(cluster, executor, tmp_path)
        finally:
            executor.close()

    def _remove_a_node(self, cluster: Any, executor: RayExecutor, folder: Path) -> None:
        """What a node was doing when it was removed is done by the other one."""
        mark = folder / "node"

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

    def test_a_cluster_of_its_own_does_work(self) -> None:
        executor = RayExecutor(None, ONE, 1)
        try:
            assert run_all(executor, [Work("sum", add_up, [1, 2], ONE)], lambda *_: None).done == 1
        finally:
            executor.close()

    def test_another_version_of_ray(self, cluster: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "sitecustomize.py").write_text("import ray\nray.__version__ = '0.1'\n", encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
        with pytest.raises(ExecutorError, match=r"must run the same Ray and Python .got Ray 2.*; Ray 0.1, Python 3"):
            require_answer(cluster.address)


def _is_of(process: int, node: Any) -> bool:
    """Return whether a worker belongs to a node: its parent is the node's raylet."""
    parent = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return any(info.process.pid == parent for infos in node.all_processes.values() for info in infos)

"""Training of the two towers: it learns, it goes on where it was stopped, and processes agree with one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from zoograph.data.errors import ZoographError
from zoograph.graphs.stored.stored_graph import StoredGraph
from zoograph.training.networks.checkpoints import CHECKPOINT, SafeCheckpoints
from zoograph.training.networks.run_batches import RunBatches
from zoograph.training.networks.sampled import SampledConfig, train_sampled

CONFIG = SampledConfig(hidden_channels=8, out_channels=4, fanout=5, batch_size=24, num_epochs=2)
_PROGRAM = """
import sys, time
from pathlib import Path
from zoograph.graphs.stored.stored_graph import StoredGraph
from zoograph.training.networks.sampled import SampledConfig, train_sampled
def slowly(done, total):
    time.sleep(0.3)
if __name__ == "__main__":
    config = SampledConfig.model_validate_json(sys.argv[3])
    train_sampled(StoredGraph(Path(sys.argv[1])), config, Path(sys.argv[2]), int(sys.argv[4]), 1, slowly)
"""


class _Killed(Exception):
    pass


@pytest.fixture
def graph(hub_folder: Path) -> StoredGraph:
    return StoredGraph(hub_folder / "graph")


def _furthest(a: torch.nn.Module, b: torch.nn.Module) -> float:
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return max(float((x - y).abs().max()) for x, y in pairs)


def test_hidden_runs_are_predicted_better_after_training(graph: StoredGraph, tmp_path: Path) -> None:
    def error(network: torch.nn.Module) -> float:
        with torch.no_grad():
            parts = [network(graph, b.part).logits(b.models, b.datasets) - b.target.logit for b in asked]
        return float(torch.cat(parts).square().mean())

    asked = list(RunBatches(graph, CONFIG.plan()._replace(seed=9, num_epochs=1)))
    config = CONFIG.model_copy(update={"num_epochs": 20})
    told: list[tuple[int, int]] = []
    trained = train_sampled(graph, config, tmp_path, told=lambda *at: told.append(at))
    targets = torch.cat([batch.target.logit for batch in asked])
    assert error(trained) < 0.8 * float(targets.var())
    assert told[-1][0] == told[-1][1] == 20 * len(asked)
    before = (tmp_path / CHECKPOINT).read_bytes()
    again = train_sampled(graph, config, tmp_path)
    assert _furthest(trained, again) == 0
    assert (tmp_path / CHECKPOINT).read_bytes() == before


def test_it_goes_on_where_it_was_stopped(graph: StoredGraph, tmp_path: Path) -> None:
    def stop(done: int, _: int) -> None:
        if done == 5:
            raise _Killed

    whole = train_sampled(graph, CONFIG, tmp_path / "whole")
    with pytest.raises(_Killed):
        train_sampled(graph, CONFIG, tmp_path / "part", every=2, told=stop)
    assert SafeCheckpoints().load_checkpoint(tmp_path / "part" / CHECKPOINT)["global_step"] == 4
    begun: list[int] = []
    rest = train_sampled(graph, CONFIG, tmp_path / "part", told=lambda done, _: begun.append(done))
    assert begun[0] == 5
    assert _furthest(whole, rest) == 0


def test_a_checkpoint_of_another_configuration_is_refused(graph: StoredGraph, tmp_path: Path) -> None:
    train_sampled(graph, CONFIG, tmp_path)
    with pytest.raises(ZoographError, match=r"of this configuration \(got another one\)"):
        train_sampled(graph, CONFIG.model_copy(update={"lr": 0.5}), tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_processes_do_what_one_does(graph: StoredGraph, tmp_path: Path) -> None:
    alone = train_sampled(graph, CONFIG, tmp_path / "one")
    shared = train_sampled(graph, CONFIG, tmp_path / "two", processes=2)
    assert _furthest(alone, shared) < 1e-5
    assert not list(tmp_path.rglob("*.ckpt"))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_with_two_processes_it_goes_on_with_one(graph: StoredGraph, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM)
    path = tmp_path / "run" / CHECKPOINT
    arguments = [str(program), str(graph.folder), str(tmp_path / "run"), CONFIG.model_dump_json(), "2"]
    process = subprocess.Popen([sys.executable, "-W", "ignore", *arguments], start_new_session=True)
    try:
        while not path.exists():
            assert process.poll() is None
            time.sleep(0.1)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    reached = SafeCheckpoints().load_checkpoint(path)["global_step"]
    assert 0 < reached < len(RunBatches(graph, CONFIG.plan()))
    rest = train_sampled(graph, CONFIG, tmp_path / "run")
    assert _furthest(train_sampled(graph, CONFIG, tmp_path / "whole"), rest) < 1e-5

"""Batches: shared without overlap, the same whatever the number of processes, and blind to what they ask for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.graphs.stored.stored_graph import StoredGraph
from zoograph.graphs.stored.thinned import RUNS_OF_MODEL, ThinnedGraph
from zoograph.models.networks.two_towers import measured_logits
from zoograph.training.networks.run_batches import Plan, RunBatches

PLAN = Plan(fanout=5, num_layers=2, batch_size=24, num_epochs=2, blind=0.1, seed=0)


@pytest.fixture
def graph(hub_folder: Path) -> StoredGraph:
    return StoredGraph(hub_folder / "graph")


def _asked(batches: RunBatches) -> list[set[tuple[int, int]]]:
    return [
        set(zip(batch.part.nodes[MODEL][batch.models], batch.part.nodes[DATASET][batch.datasets], strict=True))
        for batch in batches
    ]


def test_processes_share_each_batch_without_overlap(graph: StoredGraph) -> None:
    alone = _asked(RunBatches(graph, PLAN))
    for world in (2, 3):
        shares = [_asked(RunBatches(graph, PLAN, rank, world)) for rank in range(world)]
        assert all(len(part) == 24 // world for share in shares for part in share)
        assert [set.union(*parts) for parts in zip(*shares, strict=True)] == alone


def test_an_epoch_asks_for_one_run_of_each_model_and_the_next_in_another_order(graph: StoredGraph) -> None:
    batches = RunBatches(graph, PLAN)
    asked = _asked(batches)
    first, second = asked[: batches.steps_per_epoch], asked[batches.steps_per_epoch :]
    models = [model for part in first for model, _ in part]
    assert len(models) == len(set(models)) == 24 * batches.steps_per_epoch
    assert first[0] != second[0]
    assert len(asked) == len(batches)


def test_it_goes_on_at_any_step(graph: StoredGraph) -> None:
    assert _asked(RunBatches(graph, PLAN, first=5)) == _asked(RunBatches(graph, PLAN))[5:]


def test_the_runs_that_are_asked_for_are_in_no_message(graph: StoredGraph) -> None:
    for batch in RunBatches(graph, PLAN):
        asked = set(zip(batch.models.tolist(), batch.datasets.tolist(), strict=True))
        runs, back = batch.part.edge_index[TRANSFERS_TO], batch.part.edge_index[RUNS_OF_MODEL]
        shown = {*zip(*runs.tolist(), strict=True), *zip(*back.flip(0).tolist(), strict=True)}
        assert len(shown) > 50
        assert not asked & shown


def test_nothing_is_asked_of_nodes_that_are_kept_out(graph: StoredGraph) -> None:
    always = ThinnedGraph(graph, 5, PLAN.seed, None, 0.3)
    for batch in RunBatches(graph, PLAN._replace(blind=0.3)):
        datasets = batch.part.nodes[DATASET][batch.datasets]
        assert not always.is_blind(MODEL, batch.part.nodes[MODEL][batch.models]).any()
        assert batch.weight.tolist() == (~always.is_blind(DATASET, datasets)).astype(float).tolist()
        assert 0 < batch.weight.mean() < 1


def test_no_epoch_asks_for_a_reserved_run(graph: StoredGraph) -> None:
    models = np.arange(graph.num_nodes(MODEL))
    runs = graph.edges[RUNS_OF_MODEL]
    reserved = ThinnedGraph(graph, 5, PLAN.seed).reserved_runs(models)
    asked = set.union(*_asked(RunBatches(graph, PLAN._replace(num_epochs=20))))
    kept = set(zip(models[reserved >= 0].tolist(), runs.source[reserved[reserved >= 0]].tolist(), strict=True))
    assert len(asked) > 500
    assert not asked & kept


def test_targets_are_what_was_measured(graph: StoredGraph) -> None:
    batch = next(iter(RunBatches(graph, PLAN)))
    runs = graph.edges[RUNS_OF_MODEL]
    assert runs.value is not None
    for at in (0, 5):
        model, dataset = batch.part.nodes[MODEL][batch.models[at]], batch.part.nodes[DATASET][batch.datasets[at]]
        place = np.arange(runs.start[model], runs.start[model + 1])
        value = runs.value[place[runs.source[place] == dataset]]
        assert measured_logits(graph, np.array([dataset]), value).logit.item() == pytest.approx(
            batch.target.logit[at].item()
        )


def test_more_processes_than_models_are_refused(graph: StoredGraph) -> None:
    with pytest.raises(ValueError, match="a run for each of 9999 processes"):
        RunBatches(graph, PLAN, 0, 9_999)

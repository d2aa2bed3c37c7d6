"""The predictor of large zoos: it learns, it never sees what it is asked, and it comes back from its state."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO, reverse
from zoograph.graphs.splits import hold_out
from zoograph.models.method import Prediction
from zoograph.training.networks.ensemble import GraphNetwork, NetworkConfig
from zoograph.training.networks.member_cache import MemberCache
from zoograph.training.predictors.choice import load_predictor
from zoograph.training.predictors.sampled import LARGE, SampledPredictor

EMBED = HashEmbedder(8)
TINY = NetworkConfig(
    hidden_channels=8, num_members=2, max_full_edges=0, batch_size=60, num_neighbors=(6, 3), min_batches=6, num_read=8
)


@pytest.fixture(scope="module")
def graph() -> HeteroData:
    return build_graph(make_synthetic_zoo(12, 40, scored=0.2, num_relations=10).zoo, EMBED)


@pytest.fixture(scope="module")
def fitted(graph: HeteroData) -> SampledPredictor:
    return SampledPredictor(TINY).fit(graph)


def _planted(graph: HeteroData, cells: torch.Tensor, value: float) -> HeteroData:
    copy = graph.clone()
    copy[TRANSFERS_TO].edge_label = torch.where(cells, value, graph[TRANSFERS_TO].edge_label)
    copy[reverse(TRANSFERS_TO)].edge_label = copy[TRANSFERS_TO].edge_label
    return copy


def _same(a: Prediction, b: Prediction) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_learns_more_than_the_mean_and_intervals_hold() -> None:
    made = make_synthetic_zoo(60, 120, 0.5, seed=3)
    graph = build_graph(made.zoo, EMBED)
    held = torch.rand(graph[TRANSFERS_TO].num_edges, generator=torch.Generator().manual_seed(0)) < 0.2
    train, pairs, target = hold_out(graph, held)
    config = LARGE.model_copy(update={"hidden_channels": 16, "num_members": 2, "min_batches": 70, "batch_size": 512})
    answer = SampledPredictor(config).fit(train).predict(pairs)
    truth = torch.from_numpy(made.truth).float()[pairs[0], pairs[1]]
    constant = (train[TRANSFERS_TO].edge_label.mean() - truth).abs().mean()
    assert (answer.mean - truth).abs().mean() < 0.65 * constant
    inside = (target >= answer.lower) & (target <= answer.upper)
    assert 0.8 < inside.float().mean() <= 1.0


def test_a_held_out_answer_changes_nothing_from_training_to_intervals(graph: HeteroData) -> None:
    held = torch.arange(graph[TRANSFERS_TO].num_edges) % 5 == 0
    splits = (hold_out(graph, held), hold_out(_planted(graph, held, 0.987654), held))
    assert _same(*(SampledPredictor(TINY).fit(split.train).predict(split.pairs) for split in splits))


def test_a_measured_pair_is_predicted_without_its_own_record(graph: HeteroData, fitted: SampledPredictor) -> None:
    cell = torch.arange(graph[TRANSFERS_TO].num_edges) == 7
    pair = graph[TRANSFERS_TO].edge_index[:, cell]
    again = SampledPredictor(TINY).fit(_planted(graph, cell, 0.0123))
    assert fitted.predict(pair).mean.item() == again.predict(pair).mean.item()
    others = graph[TRANSFERS_TO].edge_index
    assert not torch.equal(fitted.predict(others).mean, again.predict(others).mean)


def test_state_brings_back_the_same_answers(graph: HeteroData, fitted: SampledPredictor) -> None:
    tensors, values = fitted.state()
    pairs = torch.cartesian_prod(torch.arange(12), torch.arange(41)).t()
    again = load_predictor(tensors, values, graph)
    assert isinstance(again, SampledPredictor)
    assert _same(fitted.predict(pairs), again.predict(pairs))


def test_the_network_samples_past_its_bound_only(graph: HeteroData, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("sampled")

    monkeypatch.setattr("zoograph.training.networks.ensemble.read_sampled", refuse)
    num_edges = graph[TRANSFERS_TO].num_edges
    GraphNetwork(TINY.model_copy(update={"max_full_edges": num_edges, "num_steps": 2})).fit(graph)
    with pytest.raises(AssertionError, match="sampled"):
        GraphNetwork(TINY.model_copy(update={"max_full_edges": num_edges - 1})).fit(graph)


def test_progress_goes_up_to_the_end(graph: HeteroData) -> None:
    steps: list[tuple[int, int]] = []
    SampledPredictor(TINY, progress=lambda done, total: steps.append((done, total))).fit(graph)
    assert [done for done, _ in steps] == list(range(1, steps[-1][1] + 1))


@pytest.mark.parametrize(
    ("stop", "finished", "passes"),
    [(3, [False, False], [0, 0]), (6, [False, False], [1, 0]), (9, [True, False], [0, 0]), (14, [True, False], [0, 1])],
    ids=["in the first pass", "in a later pass", "between members", "in the second member"],
)
def test_a_killed_training_goes_on_to_the_very_same_predictor(
    graph: HeteroData, fitted: SampledPredictor, tmp_path: Path, stop: int, finished: list[bool], passes: list[int]
) -> None:
    """A member makes two passes of four steps."""

    def kill(done: int, total: int) -> None:
        assert total == 16
        if done == stop:
            raise KeyboardInterrupt

    cache = MemberCache(tmp_path, "k" * 64)
    with pytest.raises(KeyboardInterrupt):
        SampledPredictor(TINY, kill, cache).fit(graph)
    assert [cache.load(member) is not None for member in range(2)] == finished
    parts = [cache.load_part(member) for member in range(2)]
    assert [0 if part is None else part.about["epoch"] for part in parts] == passes

    steps: list[int] = []
    tensors, values = SampledPredictor(TINY, lambda done, _: steps.append(done), cache).fit(graph).state()
    whole, expected = fitted.state()
    assert values == expected
    assert whole.keys() == tensors.keys()
    assert all(torch.equal(whole[name], tensors[name]) for name in whole)
    assert steps == list(range(1, 17))


def test_too_few_records() -> None:
    with pytest.raises(ValueError, match=r"20 measured accuracies or more \(got 5\)"):
        SampledPredictor(TINY).fit(build_graph(make_toy_zoo(), EMBED))

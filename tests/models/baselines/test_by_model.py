"""Regression with one row a model."""

from __future__ import annotations

import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.folds import leave_one_dataset_out, leave_one_model_out, make_split
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import keep_records
from zoograph.models.baselines.by_model import RegressionByModel, card_facts, card_numbers


@pytest.fixture(scope="module")
def graph():
    return build_graph(make_synthetic_zoo(12, 20).zoo, HashEmbedder(4))


def test_a_skill_is_one_row_however_many_records_it_is_the_mean_of(graph):
    """Records of a model that was measured twice over weigh what they did, so that the penalty means the same."""
    pairs = graph[TRANSFERS_TO].edge_index
    once = RegressionByModel().fit(graph).predict(pairs)
    every = torch.arange(pairs.shape[1])
    twice = RegressionByModel().fit(keep_records(graph, torch.cat([every, every]))).predict(pairs)
    assert torch.allclose(once.mean, twice.mean, atol=1e-5)
    assert torch.allclose(once.upper, twice.upper, atol=0.02)


@pytest.mark.parametrize("cards", [card_numbers, card_facts])
def test_new_models_are_ordered_better_than_by_chance(graph, cards):
    right = total = 0
    for fold in leave_one_model_out(graph, 0):
        split = make_split(graph, fold)
        said = RegressionByModel(cards).fit(split.train).predict(split.pairs).mean
        level = torch.stack(
            [graph[TRANSFERS_TO].edge_label[graph[TRANSFERS_TO].edge_index[1] == d].mean() for d in split.pairs[1]]
        )
        right += int(((said - level).sign() == (split.target - level).sign()).sum())
        total += len(said)
    assert right / total > 0.55


def test_a_new_dataset_has_a_wider_interval_than_a_known_one(graph):
    split = make_split(graph, leave_one_dataset_out(graph, 0)[0])
    method = RegressionByModel().fit(split.train)
    new, known = method.predict(split.pairs), method.predict(split.train[TRANSFERS_TO].edge_index[:, :12])
    assert float((new.upper - new.lower).mean()) > float((known.upper - known.lower).mean())
    assert bool((new.lower <= new.mean).all())


def test_one_dataset_says_nothing_of_the_next(graph):
    only = keep_records(graph, graph[TRANSFERS_TO].edge_index[1] == 0)
    method = RegressionByModel().fit(only)
    width = method.predict(torch.tensor([[0], [1]]))
    assert float(width.upper - width.lower) > 0.9


def test_one_record_is_too_little(graph):
    with pytest.raises(ValueError, match="2 measured accuracies"):
        RegressionByModel().fit(keep_records(graph, torch.arange(graph[TRANSFERS_TO].num_edges) == 0))

"""A method on the models that matter says what it says on all of them."""

from __future__ import annotations

import pytest
import torch

from zoograph.data.records.cards import ModelCard
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.folds import leave_one_model_out, make_split
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.models.baselines.linear import LinearRegression
from zoograph.models.baselines.wrappers.compact import Compact, with_models


@pytest.fixture(scope="module")
def graph():
    """Six models with records, and four that stand between them without any."""
    zoo = make_synthetic_zoo(6, 10).zoo
    idle = [ModelCard(id=f"{name}_idle", source="test") for name in ("a", "m", "s", "z")]
    return build_graph(zoo.with_cards(models=idle), HashEmbedder(4))


def test_models_and_their_edges_move_together(graph):
    kept = torch.unique(graph[TRANSFERS_TO].edge_index[0])
    small = with_models(graph, kept)
    assert small[MODEL].ids == [graph[MODEL].ids[place] for place in kept.tolist()]
    assert small[MODEL].num_nodes == 6
    assert small[DATASET].num_nodes == graph[DATASET].num_nodes
    small.validate()

    def named(some):
        rows = zip(*some[TRANSFERS_TO].edge_index.tolist(), some[TRANSFERS_TO].edge_label.tolist(), strict=True)
        return [(some[MODEL].ids[m], some[DATASET].ids[d], value) for m, d, value in rows]

    assert named(small) == named(graph)
    half = with_models(graph, kept[:3])
    assert named(half) == [row for row in named(graph) if row[0] in half[MODEL].ids]


def test_answers_are_those_of_the_method_on_all_models(graph):
    split = make_split(graph, leave_one_model_out(graph, 0)[2])
    whole = LinearRegression().fit(split.train).predict(split.pairs)
    compact = Compact(LinearRegression()).fit(split.train)
    for graph_asked in (None, split.train):
        for ours, theirs in zip(compact.predict(split.pairs, graph_asked), whole, strict=True):
            assert torch.allclose(ours, theirs, atol=1e-5)

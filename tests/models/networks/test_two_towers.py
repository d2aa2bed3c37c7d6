"""The two towers: an inner product, seeds that are embedded the same in any neighbourhood, and scales."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from zoograph.graphs.schema import DATASET, MODEL
from zoograph.graphs.stored.stored_graph import StoredGraph
from zoograph.graphs.stored.subgraph import neighbourhood
from zoograph.graphs.stored.thinned import ThinnedGraph
from zoograph.models.networks.two_towers import Towers, TwoTowers, measured_logits, node_inputs


def test_a_logit_is_an_inner_product_and_a_level() -> None:
    towers = Towers(torch.tensor([[1.0, 2.0, 0.5]]), torch.tensor([[3.0, 4.0, 1.0]]), torch.tensor([0.25]))
    assert towers.logits(torch.tensor([0]), torch.tensor([0])).item() == 3 + 8 + 0.5 + 0.25


def test_seeds_are_embedded_the_same_in_any_neighbourhood(hub_folder: Path) -> None:
    graph = StoredGraph(hub_folder / "graph")
    torch.manual_seed(0)
    network = TwoTowers(graph)
    network.fit_scale(graph)
    thinned = ThinnedGraph(graph, 5, seed=1)
    alone = neighbourhood(thinned, {MODEL: np.array([9]), DATASET: np.array([4])}, 2)
    company = neighbourhood(thinned, {MODEL: np.arange(200), DATASET: np.arange(60)}, 2)
    a, b = network(graph, alone), network(graph, company)
    for kind, node, left, right in ((MODEL, 9, a.models, b.models), (DATASET, 4, a.datasets, b.datasets)):
        where = [part.place(kind, np.array([node])) for part in (alone, company)]
        torch.testing.assert_close(left[where[0]], right[where[1]], atol=1e-5, rtol=1e-5)
    assert (a.datasets[:, -1] == 1).all()


def test_measured_logits_by_hand(hub_folder: Path) -> None:
    graph = StoredGraph(hub_folder / "graph")
    table = graph.nodes[DATASET]
    assert table.chance is not None
    chance = float(table.chance[2])
    measured = measured_logits(graph, np.array([2, 2]), np.array([chance + (1 - chance) * 0.75, 0.0]))
    assert measured.logit.tolist() == pytest.approx([np.log(3), np.log(0.02 / 0.98)], abs=1e-4)
    assert (measured.variance > 0).all()


def test_a_number_that_a_card_does_not_say_is_a_mask(hub_folder: Path) -> None:
    numbers, mask, category = node_inputs(StoredGraph(hub_folder / "graph"), MODEL, np.arange(300))
    assert (numbers[~mask] == 0).all()
    assert 0.5 < (~mask[:, 1]).float().mean() < 0.9
    assert category.min() >= 1

"""The ranking by the mean elsewhere moves what is believed, and the dataset's own records do not."""

from __future__ import annotations

import pytest
import torch

from zoograph.data.records.records import Protocol
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import MEASURED_OTHERWISE, TRANSFERS_TO
from zoograph.training.choosing.beliefs.belief import Belief
from zoograph.training.choosing.beliefs.prior import blended, elsewhere


def _belief(*means: float) -> Belief:
    size = len(means)
    mean = torch.tensor(means, dtype=torch.float64)
    return Belief(mean, 0.01 * torch.eye(size, dtype=torch.float64), torch.full((size,), 1e-4, dtype=torch.float64))


def test_a_share_of_the_ranking_is_that_elsewhere_in_the_spread_of_the_belief() -> None:
    belief, standing = _belief(0.8, 0.6, 0.7), torch.tensor([-3.0, 0.0, 3.0], dtype=torch.float64)
    torch.testing.assert_close(blended(belief, standing, 0.0).mean, belief.mean)
    torch.testing.assert_close(blended(belief, standing, 1.0).mean, torch.tensor([0.6, 0.7, 0.8]).double())
    torch.testing.assert_close(blended(belief, standing, 0.5).mean, torch.tensor([0.7, 0.65, 0.75]).double())
    torch.testing.assert_close(blended(belief, standing, 0.5).covariance, belief.covariance)


def test_a_model_that_was_measured_nowhere_else_stays_where_it_is() -> None:
    standing = torch.tensor([-3.0, 0.0, 3.0, torch.nan], dtype=torch.float64)
    assert float(blended(_belief(0.8, 0.6, 0.7, 0.2), standing, 1.0).mean[3]) == pytest.approx(0.2)
    few = torch.tensor([1.0, 2.0, torch.nan, torch.nan], dtype=torch.float64)
    assert blended(_belief(0.8, 0.6, 0.7, 0.2), few, 1.0).mean.tolist() == pytest.approx([0.8, 0.6, 0.7, 0.2])


def test_what_the_dataset_itself_measured_does_not_count() -> None:
    graph = build_graph(make_synthetic_zoo(8, 6).zoo, HashEmbedder(4), Protocol.HEAD)
    models, dataset = torch.arange(8), 2
    before = elsewhere(graph, models, dataset)
    own = graph[TRANSFERS_TO].edge_index[1] == dataset
    graph[TRANSFERS_TO].edge_label[own] = 1 - graph[TRANSFERS_TO].edge_label[own]
    torch.testing.assert_close(elsewhere(graph, models, dataset), before)
    assert not bool(before.isnan().any())


def test_a_model_with_an_accuracy_of_the_dataset_itself_is_believed_as_predicted() -> None:
    graph = build_graph(make_synthetic_zoo(8, 6).zoo, HashEmbedder(4), Protocol.HEAD)
    models, dataset = torch.arange(8), 2
    store = graph[MEASURED_OTHERWISE]
    store.edge_index = torch.tensor([[0, 3, 5], [dataset, dataset, 1]])
    store.edge_label, store.protocol = torch.full((3,), 0.5), torch.zeros(3, dtype=torch.long)
    store.test_size = store.per_class = torch.ones(3)
    assert elsewhere(graph, models, dataset).isnan().nonzero().flatten().tolist() == [0, 3]

"""The average that the paper of the DomainNet record prints."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.data.collections.domainnet_masks import read_masks
from zoograph.data.collections.tables import shipped_zoo, table_files
from zoograph.graphs.folds import make_split, published_masks
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO, reverse
from zoograph.graphs.splits import Split, hold_out
from zoograph.models.method import Prediction
from zoograph.training.evaluation.metrics import evaluate, summarise
from zoograph.training.evaluation.paper import paper_average


def flat(mean, half_width=0.1):
    mean = torch.as_tensor(mean, dtype=torch.float64)
    return Prediction(mean, mean - half_width, mean + half_width)


def records_graph(edge_index, edge_label, num_models, num_datasets):
    graph = HeteroData()
    graph[MODEL].num_nodes, graph[DATASET].num_nodes = num_models, num_datasets
    graph[TRANSFERS_TO].edge_index = edge_index
    graph[TRANSFERS_TO].edge_label = edge_label
    graph[reverse(TRANSFERS_TO)].edge_index = edge_index.flip(0)
    graph[reverse(TRANSFERS_TO)].edge_label = edge_label
    return graph


def test_paper_average_fills_known_cells_with_their_answers():
    edge_index = torch.tensor([[0, 1, 2, 0, 1, 2], [0, 0, 0, 1, 1, 1]])
    graph = records_graph(edge_index, torch.tensor([0.1, 0.2, 0.3, 0.2, 0.4, 0.9]), 3, 2)
    split = hold_out(graph, torch.tensor([False, False, True, True, True, True]))
    # Dataset 0: (0.1, 0.2, 0.0) against (0.1, 0.2, 0.3), r = -1 / 2. Dataset 1: reversed ranks, r = -1.
    prediction = flat([0.0, 1.0, 0.8, 0.3])
    assert paper_average(prediction, graph, split) == pytest.approx(-0.75)
    unasked = Split(split.train, split.pairs[:, :2], split.target[:2])
    with pytest.raises(ValueError, match=r"\(got 2 and 2 of 6\)"):
        paper_average(flat([0.0, 1.0]), graph, unasked)


def test_paper_average_of_constant_columns_is_none():
    graph = records_graph(torch.tensor([[0, 1], [0, 0]]), torch.tensor([0.5, 0.5]), 2, 1)
    split = hold_out(graph, torch.tensor([True, False]))
    assert paper_average(flat([0.1]), graph, split) is None


def test_the_model_mean_scores_what_it_is_known_to_on_the_published_masks():
    masks = read_masks()
    (path,) = (path for path in table_files(shipped_zoo()) if path.name.startswith("runs."))
    runs = pd.read_csv(path, usecols=["source", "model", "dataset", "value"])
    matrix = runs[runs["source"] == "domainnet-10x270"].pivot(index="model", columns="dataset", values="value")
    matrix = matrix.loc[list(masks.models), list(masks.datasets)]
    edge_index = torch.cartesian_prod(torch.arange(10), torch.arange(270)).t()
    graph = records_graph(edge_index, torch.from_numpy(matrix.to_numpy().ravel().copy()), 10, 270)
    graph[MODEL].ids, graph[DATASET].ids = list(masks.models), list(masks.datasets)

    evaluations, averages = [], []
    for fold in published_masks(graph, 0):
        split = make_split(graph, fold)
        known = split.train[TRANSFERS_TO]
        count = torch.bincount(known.edge_index[0], minlength=10)
        mean = torch.bincount(known.edge_index[0], known.edge_label, minlength=10) / count
        prediction = flat(mean[split.pairs[0]])
        evaluations.append(evaluate(prediction, split.target, split.pairs, cold=fold.asked_cold))
        averages.append(paper_average(prediction, graph, split))
    summary = summarise(evaluations)
    assert len(evaluations) == 10
    assert np.mean(averages) == pytest.approx(0.491, abs=1e-3)
    assert summary["pearson"].mean == pytest.approx(0.595, abs=1e-3)
    assert summary["cold_pearson"].mean == pytest.approx(0.599, abs=1e-3)
    assert summary["mae"].mean == pytest.approx(0.131, abs=1e-3)
    assert summary["cold_mae"].mean == pytest.approx(0.131, abs=1e-3)
